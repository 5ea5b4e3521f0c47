"""What the service answers: each JSON body as a model, shared by the routes, their OpenAPI page and the client."""

from arena.service.models.base import Health, Model, Problem, Seconds
from arena.service.models.control import Link, MoreRounds, NewMatch, Session, Settings, Start, Starts, Stopping
from arena.service.models.events import (
    EVENTS,
    MatchCreated,
    MatchEnded,
    Playing,
    Progress,
    RoundCommitted,
    TeamProgress,
)
from arena.service.models.matches import (
    Contender,
    Contenders,
    Match,
    MatchDetail,
    MatchPage,
    Note,
    Option,
    Standings,
    Status,
)
from arena.service.models.rounds import CurvePoint, Exam, ExamFake, Round, RoundDetail, RoundPage, TeamTraining

__all__ = [
    "EVENTS",
    "Contender",
    "Contenders",
    "CurvePoint",
    "Exam",
    "ExamFake",
    "Health",
    "Link",
    "Match",
    "MatchCreated",
    "MatchDetail",
    "MatchEnded",
    "MatchPage",
    "Model",
    "MoreRounds",
    "NewMatch",
    "Note",
    "Option",
    "Playing",
    "Problem",
    "Progress",
    "Round",
    "RoundCommitted",
    "RoundDetail",
    "RoundPage",
    "Seconds",
    "Session",
    "Settings",
    "Standings",
    "Start",
    "Starts",
    "Status",
    "Stopping",
    "TeamProgress",
    "TeamTraining",
]
