// It cannot be done for this applicant here; why, and what to do instead.
import QtQuick
import Kiosk
import Kiosk.Models

Screen {
    id: screen

    required property RefusedModel model

    title: model.title
    backVisible: false
    nextText: qsTr("知道了")
    onNext: model.next()

    NoticeBand {
        width: parent.width
        kind: "notice"
        icon: "info-circle"
        text: screen.model.body
    }
}
