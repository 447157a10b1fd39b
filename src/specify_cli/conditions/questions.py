"""A question that stops work until somebody answers it."""

from __future__ import annotations

from specify_cli.kernel.values import frozen


@frozen
class Question:
    """Something a person (or the agent, for them) has to decide.

    Args:
        decision_id: the same for the same question in the same situation.
        input_key: what it is about, for programs.
        options: answers that the tool acts on; empty for free text.
    """

    decision_id: str
    input_key: str
    text: str
    options: tuple[str, ...] = ()
    wp_id: str | None = None

    def to_data(self) -> dict[str, object]:
        """The data of its `decision_asked` event."""
        return {"decision_id": self.decision_id, "input_key": self.input_key, "question": self.text}

    def to_dict(self) -> dict[str, object]:
        """As answers list the questions that are open."""
        return {**self.to_data(), "options": list(self.options), "wp_id": self.wp_id}
