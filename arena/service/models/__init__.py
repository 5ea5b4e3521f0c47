"""What the service answers: each JSON body as a model, shared by the routes, their OpenAPI page and the client."""

from arena.service.models.base import Health, Model, Problem, Seconds
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
from arena.service.models.photos import Detection, Judge, JudgedFace
from arena.service.models.rounds import CurvePoint, Exam, ExamFake, Round, RoundDetail, RoundPage, TeamTraining

__all__ = [
    "EVENTS",
    "Contender",
    "Contenders",
    "CurvePoint",
    "Detection",
    "Exam",
    "ExamFake",
    "Health",
    "Judge",
    "JudgedFace",
    "Match",
    "MatchCreated",
    "MatchDetail",
    "MatchEnded",
    "MatchPage",
    "Model",
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
    "Standings",
    "Status",
    "TeamProgress",
    "TeamTraining",
]
