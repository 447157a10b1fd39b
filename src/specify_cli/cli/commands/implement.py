"""`spec-kitty implement`: internal, a compatibility surface."""

from __future__ import annotations

from specify_cli.cli.commands.agent import action
from specify_cli.cli.options import AgentFlag, BaseFlag, MissionFlag, RecoverFlag, SessionFlag, SettleFlag, WorkPackage
from specify_cli.cli.output import Reply


def implement(
    wp: WorkPackage,
    mission: MissionFlag = None,
    agent: AgentFlag = None,
    session: SessionFlag = None,
    base: BaseFlag = None,
    settle: SettleFlag = False,
    recover: RecoverFlag = False,
) -> Reply:
    """Internal: prepare a workspace (a compatibility surface).

    It stays for callers that know it, and does what `spec-kitty agent action implement` does. To drive a mission use
    `spec-kitty next --agent NAME --mission MISSION`; agents use `spec-kitty agent action implement WP`.
    """
    return action.implement(wp, agent, mission, session, base, settle, recover)
