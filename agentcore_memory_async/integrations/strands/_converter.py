"""How a message of Strands becomes stored data and text to learn from, and a message again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from strands.types.session import decode_bytes_values, encode_bytes_values

if TYPE_CHECKING:
    from strands.types.content import Message


class MessageConverter:
    """
    Converts messages for the session; subclass it to store other data, or to learn from other text.

    The data of a message is the whole message, with the bytes of images and documents as base64.
    """

    def to_data(self, message: Message) -> Any:
        """
        Return what is stored of a message.

        Returns:
            Any JSON value; it is given to ``to_message`` as it was.
        """
        return encode_bytes_values(message)

    def to_message(self, data: Any) -> Message:
        """Return the message of what ``to_data`` returned."""
        return cast("Message", decode_bytes_values(data))

    def to_text(self, message: Message) -> str:
        """
        Return the text of a message from which the service may extract records.

        Returns:
            The text of the user or the assistant; empty for a message that has none, such as the
            result of a tool, from which nothing is to be learned.
        """
        texts = (block["text"] for block in message["content"] if "text" in block)
        return "\n".join(text for text in texts if text.strip())
