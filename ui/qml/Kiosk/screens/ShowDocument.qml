// A travel document under the camera: what is printed on it opens its chip.
import QtQuick
import Kiosk
import Kiosk.Models

Screen {
    id: screen

    required property ShowDocumentModel model
    readonly property bool broken: model.trouble.code !== ""

    title: qsTr("请把照片页放到摄像头下")
    subtitle: qsTr("证件要先看上面印的字才能读，看完再放回读卡处。")
    warning: model.wrong
    reach: false
    nextVisible: false
    asideText: qsTr("自己输入")
    asideName: "type-instead"
    asideIcon: "keyboard"
    onBack: model.back()
    onAside: model.typeInstead()

    LivePicture {
        id: live
        objectName: "private-live"
        width: parent.width
        height: Math.min(parent.height - (screen.broken ? wrong.height : advice.height) - Theme.gap, width * 0.8)
    }
    NoticeBand {
        id: advice
        objectName: "advice"
        visible: !screen.broken
        anchors.top: live.bottom
        anchors.topMargin: Theme.gap
        width: parent.width
        kind: screen.model.adviceKind
        text: screen.model.advice
    }
    TroubleBand {
        id: wrong
        visible: screen.broken
        anchors.top: live.bottom
        anchors.topMargin: Theme.gap
        width: parent.width
        trouble: screen.model.trouble
    }
}
