// It cannot be done for this applicant here; why, and what to do instead.
import QtQuick
import Kiosk
import Kiosk.Models

Screen {
    id: screen

    required property RefusedModel model

    calm: true
    hero: "info-circle"
    title: model.title
    subtitle: model.body
    backVisible: false
    nextText: qsTr("知道了")
    onNext: model.next()
}
