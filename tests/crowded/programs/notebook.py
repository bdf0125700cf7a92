"""A notebook, executed by nbclient in a kernel of its own."""

from __future__ import annotations

import nbclient
import nbformat

CELLS = (
    "from tests.crowded.programs.crowd import *; import_crowd()",
    "converse_blocking('facade')",
    "await converse('top-level')",
    (
        "manager = MemorySessionManager(MEMORY_ID)\n"
        "session = manager.create_memory_session('anna', 'chat001')"
    ),
    (
        "import os, signal, threading\n"
        "threading.Timer(1, os.kill, [os.getpid(), signal.SIGINT]).start()\n"
        "try:\n"
        "    session.extraction_poller('/nothing/', timeout=60).wait()\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted')"
    ),
    (
        "session.add_turns([ConversationalMessage('later', MessageRole.USER)])\n"
        "print([turn.text for turn in session.get_last_k_turns()])"
    ),
    (
        "async with AsyncMemorySessionManager(MEMORY_ID) as other:\n"
        "    again = await other.create_memory_session('anna', 'chat001')\n"
        "    print([turn.text for turn in await again.get_last_k_turns()])\n"
        "manager.close()"
    ),
)

notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
nbclient.NotebookClient(notebook, timeout=None, kernel_name="python3").execute()
for cell in notebook.cells:
    for output in cell.outputs:
        if output.get("name") == "stdout":
            print(output["text"], end="")
