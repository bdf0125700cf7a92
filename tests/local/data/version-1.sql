-- A file as version 1 of the schema wrote it.
BEGIN TRANSACTION;
CREATE TABLE actors (
        memory_id TEXT NOT NULL,
        actor_id TEXT NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (memory_id, actor_id)
    ) WITHOUT ROWID;
INSERT INTO "actors" VALUES('chat-a1B2c3D4e5','ann',1);
CREATE TABLE branches (
        memory_id TEXT NOT NULL,
        actor_id TEXT NOT NULL,
        session_id TEXT NOT NULL,
        name TEXT NOT NULL,
        root_event_id TEXT NOT NULL,
        root_branch TEXT,            -- the branch its root is on
        PRIMARY KEY (memory_id, actor_id, session_id, name)
    ) WITHOUT ROWID;
INSERT INTO "branches" VALUES('chat-a1B2c3D4e5','ann','s1','side','0000001767225600000#2c84cc72',NULL);
CREATE TABLE events (
        memory_id TEXT NOT NULL,
        actor_id TEXT NOT NULL,
        session_id TEXT NOT NULL,
        event_id TEXT NOT NULL,
        event_ms INTEGER NOT NULL,
        branch TEXT,                 -- NULL is the main branch
        payload TEXT NOT NULL,
        metadata TEXT,
        variables TEXT,              -- namespace variables
        hidden INTEGER NOT NULL DEFAULT 0, -- ingested: extracted, never shown
        written_ms INTEGER NOT NULL,
        expires_ms INTEGER NOT NULL,
        PRIMARY KEY (memory_id, actor_id, session_id, event_id)
    );
INSERT INTO "events" VALUES('chat-a1B2c3D4e5','ann','s1','0000001767225600000#2c84cc72',1767225600000,NULL,'[{"conversational":{"role":"USER","content":{"text":"I like window seats."}}}]','{"kind":{"stringValue":"wish"}}',NULL,0,1767225600000,1798761600000);
INSERT INTO "events" VALUES('chat-a1B2c3D4e5','ann','s1','0000001767225601000#61d354ae',1767225601000,NULL,'[{"conversational":{"role":"ASSISTANT","content":{"text":"Noted."}}}]',NULL,NULL,0,1767225600000,1798761600000);
INSERT INTO "events" VALUES('chat-a1B2c3D4e5','ann','s1','0000001767225602000#4bbfa0e0',1767225602000,'side','[{"conversational":{"role":"USER","content":{"text":"What if?"}}}]',NULL,NULL,0,1767225600000,1798761600000);
INSERT INTO "events" VALUES('chat-a1B2c3D4e5','ann','s2','0000001767225603000#4fb036c9',1767225603000,NULL,'[{"conversational":{"role":"USER","content":{"text":"I work at a school."}}}]',NULL,NULL,0,1767225600000,1798761600000);
INSERT INTO "events" VALUES('chat-a1B2c3D4e5','ann','s3','0000001767225604000#84f6124d',1767225604000,NULL,'[{"conversational":{"role":"USER","content":{"text":"My cat is called Miau."}}}]',NULL,NULL,0,1767225660000,1798761660000);
CREATE TABLE failed_jobs (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        job_id TEXT NOT NULL UNIQUE,
        memory_id TEXT NOT NULL,
        actor_id TEXT NOT NULL,
        session_id TEXT NOT NULL,
        strategy_id TEXT NOT NULL,
        event_ids TEXT NOT NULL,
        messages TEXT NOT NULL,
        reason TEXT NOT NULL
    );
INSERT INTO "failed_jobs" VALUES(1,'3ed5835e-2f77-4a75-8de6-d4db2addef23','chat-a1B2c3D4e5','ann','s1','facts-416e7d43f1','["0000001767225600000#2c84cc72", "0000001767225601000#61d354ae", "0000001767225602000#4bbfa0e0"]','[{"eventId": "0000001767225600000#2c84cc72", "messageIndex": 0}, {"eventId": "0000001767225601000#61d354ae", "messageIndex": 0}, {"eventId": "0000001767225602000#4bbfa0e0", "messageIndex": 0}]','LTM_RATE_EXCEEDED');
CREATE TABLE memories (
        memory_id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        document TEXT NOT NULL,      -- what GetMemory shows and the strategies, as JSON
        deleted INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
INSERT INTO "memories" VALUES('chat-a1B2c3D4e5','chat','{"id": "chat-a1B2c3D4e5", "arn": "arn:aws:bedrock-agentcore:us-west-2:000000000000:memory/chat-a1B2c3D4e5", "name": "chat", "eventExpiryDuration": 365, "status": "ACTIVE", "createdAt": 1767225600.0, "updatedAt": 1767225600.0, "strategies": [{"strategyId": "facts-416e7d43f1", "name": "facts", "type": "SEMANTIC", "namespaces": ["/facts/{actorId}/"], "namespaceTemplates": ["/facts/{actorId}/"], "status": "ACTIVE", "createdAt": 1767225600.0, "updatedAt": 1767225600.0}, {"strategyId": "preferences-4cd8cc0e60", "name": "preferences", "type": "USER_PREFERENCE", "namespaces": ["/preferences/{actorId}/"], "namespaceTemplates": ["/preferences/{actorId}/"], "status": "ACTIVE", "createdAt": 1767225600.0, "updatedAt": 1767225600.0}, {"strategyId": "summaries-17965d0eb4", "name": "summaries", "type": "SUMMARIZATION", "namespaces": ["/summaries/{actorId}/{sessionId}/"], "namespaceTemplates": ["/summaries/{actorId}/{sessionId}/"], "status": "ACTIVE", "createdAt": 1767225600.0, "updatedAt": 1767225600.0}]}',0);
CREATE TABLE pending (           -- events that wait for extraction
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        memory_id TEXT NOT NULL,
        actor_id TEXT NOT NULL,
        session_id TEXT NOT NULL,
        event_id TEXT NOT NULL,
        strategies TEXT NOT NULL,    -- ids of those that were active then, as JSON
        due_ms INTEGER NOT NULL
    );
INSERT INTO "pending" VALUES(5,'chat-a1B2c3D4e5','ann','s3','0000001767225604000#84f6124d','["facts-416e7d43f1", "preferences-4cd8cc0e60", "summaries-17965d0eb4"]',1767225720000);
CREATE TABLE records (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        memory_id TEXT NOT NULL,
        record_id TEXT NOT NULL,
        strategy_id TEXT,
        namespace TEXT,              -- NULL: in no namespace
        namespace_key TEXT NOT NULL, -- without its last slashes
        content TEXT NOT NULL,
        fingerprint TEXT NOT NULL,   -- equal for texts that say the same
        session_id TEXT,             -- of a summary
        record_type TEXT,
        created_ms INTEGER NOT NULL,
        updated_ms INTEGER NOT NULL,
        time_ms INTEGER,             -- of the source content
        metadata TEXT,
        expires_ms INTEGER,
        expiry_days INTEGER,
        UNIQUE (memory_id, record_id)
    );
INSERT INTO "records" VALUES(1,'chat-a1B2c3D4e5','mem-05cdd0ed-cbcd-41fa-a72b-739cef66bd78',NULL,'/facts/ann/','/facts/ann','Ann lives in Turin.','ann lives in turin',NULL,NULL,1767225600000,1767225600000,1767225600000,'{"age": {"numberValue": 3}}',NULL,NULL);
INSERT INTO "records" VALUES(2,'chat-a1B2c3D4e5','mem-abf880e7-3ee6-4589-8ba2-cf428e403832','preferences-4cd8cc0e60','/preferences/ann/','/preferences/ann','{"context": "The user said: \"I like window seats.\"", "preference": "Likes window seats", "categories": ["travel"]}','the user said i like window seats likes window seats travel','s1',NULL,1767225660000,1767225660000,1767225602000,NULL,NULL,NULL);
INSERT INTO "records" VALUES(3,'chat-a1B2c3D4e5','mem-4d891d3c-64e1-49ff-8d33-b5fb1aa17e34','summaries-17965d0eb4','/summaries/ann/s1/','/summaries/ann/s1','<topic name="Window seats">The user likes window seats.</topic>','window seats the user likes window seats','s1',NULL,1767225660000,1767225660000,1767225602000,NULL,NULL,NULL);
CREATE TABLE sequence (id INTEGER PRIMARY KEY, value INTEGER NOT NULL);
INSERT INTO "sequence" VALUES(0,3);
CREATE TABLE sessions (
        memory_id TEXT NOT NULL,
        actor_id TEXT NOT NULL,
        session_id TEXT NOT NULL,
        seq INTEGER NOT NULL,        -- order of creation
        created_ms INTEGER NOT NULL,
        events INTEGER NOT NULL DEFAULT 0,
        emptied_ms INTEGER,          -- when the last event went
        PRIMARY KEY (memory_id, actor_id, session_id)
    ) WITHOUT ROWID;
INSERT INTO "sessions" VALUES('chat-a1B2c3D4e5','ann','s1',1,1767225600000,3,NULL);
INSERT INTO "sessions" VALUES('chat-a1B2c3D4e5','ann','s2',2,1767225600000,1,NULL);
INSERT INTO "sessions" VALUES('chat-a1B2c3D4e5','ann','s3',3,1767225660000,1,NULL);
CREATE TABLE tokens (
        memory_id TEXT NOT NULL,
        operation TEXT NOT NULL,
        token TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        answer TEXT NOT NULL,        -- what to answer again, or where it is
        PRIMARY KEY (memory_id, operation, token)
    ) WITHOUT ROWID;
INSERT INTO "tokens" VALUES('chat-a1B2c3D4e5','CreateEvent','t1','ed1f4b94325ba40bb31a220c3e5425a8','["ann","s1","0000001767225600000#2c84cc72"]');
CREATE INDEX events_by_id ON events (memory_id, event_id);
CREATE INDEX records_by_namespace ON records (memory_id, namespace_key);
CREATE INDEX records_by_creation ON records (memory_id, created_ms, seq);
CREATE INDEX records_by_text ON records (memory_id, fingerprint);
CREATE INDEX pending_by_session ON pending (memory_id, actor_id, session_id);
CREATE INDEX failed_by_memory ON failed_jobs (memory_id, seq);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('pending',5);
INSERT INTO "sqlite_sequence" VALUES('records',3);
INSERT INTO "sqlite_sequence" VALUES('failed_jobs',1);
PRAGMA user_version = 1;
COMMIT;
