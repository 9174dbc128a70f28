// Something that carries an answer under the camera: it is read, and its picture dropped.
import QtQuick
import Kiosk
import Kiosk.Models

Screen {
    id: screen

    required property ShowPaperModel model
    readonly property bool broken: model.trouble.code !== ""

    title: model.title
    subtitle: qsTr("认出来先给您看，对不对由您定。照片不留。")
    reach: false
    nextText: qsTr("手动拍照")
    nextName: "shoot"
    nextIcon: "camera"
    nextEnabled: !model.shooting && !broken
    onBack: model.back()
    onNext: model.shoot()

    LivePicture {
        id: live
        objectName: "private-live"
        width: parent.width
        height: Math.min(parent.height - (screen.broken ? wrong.height : advice.height) - Theme.gap, width * 0.8)
        waitingText: screen.model.shooting ? qsTr("正在认字，请稍等") : qsTr("正在打开摄像头")
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
