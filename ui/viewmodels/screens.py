"""Which view-model belongs to which screen of the journey."""

from __future__ import annotations

from typing import assert_never

from kiosk.journey.staffed import StaffCode, StaffView
from kiosk.journey.states import (
    Ask,
    AskConsent,
    ChooseMatter,
    FindByCard,
    FindBySlip,
    HandedIn,
    HandingIn,
    Identify,
    LayDocument,
    Refused,
    Review,
    ScanPapers,
    ShowDocument,
    ShowGuide,
    ShowPaper,
    Sign,
    Terminal,
    Thanks,
    TypeDocument,
    Welcome,
    WhoFor,
)
from ui.viewmodels import answers, arrival, outcome, papers, shown, staff
from ui.viewmodels.base import Links, ScreenModel


def model_for(links: Links, terminal: Terminal) -> ScreenModel:
    """A fresh view-model for the screen the journey is at."""
    match terminal.screen:
        case Welcome():
            model = arrival.WelcomeModel
        case WhoFor():
            model = arrival.WhoForModel
        case ChooseMatter():
            model = arrival.ChooseMatterModel
        case ShowGuide():
            model = arrival.ShowGuideModel
        case AskConsent():
            model = arrival.AskConsentModel
        case Identify():
            model = arrival.IdentifyModel
        case ShowDocument():
            model = shown.ShowDocumentModel
        case TypeDocument():
            model = shown.TypeDocumentModel
        case LayDocument():
            model = shown.LayDocumentModel
        case Refused():
            model = arrival.RefusedModel
        case Ask():
            model = answers.AskModel
        case ShowPaper():
            model = shown.ShowPaperModel
        case ScanPapers():
            model = papers.ScanPapersModel
        case Review():
            model = answers.ReviewModel
        case Sign():
            model = answers.SignModel
        case HandingIn():
            model = answers.HandingInModel
        case HandedIn():
            model = outcome.HandedInModel
        case Thanks():
            model = outcome.ThanksModel
        case FindByCard():
            model = outcome.FindByCardModel
        case FindBySlip():
            model = outcome.FindBySlipModel
        case StaffCode():
            model = staff.StaffCodeModel
        case StaffView():
            model = staff.StaffViewModel
        case _:
            assert_never(terminal.screen)
    return model(links, terminal)
