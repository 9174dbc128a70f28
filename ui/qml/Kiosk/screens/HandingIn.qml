// Being stored, or why it could not be; nothing that was entered is lost.
import QtQuick
import Kiosk
import Kiosk.Models

Screen {
    id: screen

    required property HandingInModel model
    readonly property bool failed: model.trouble.code !== ""

    title: failed ? qsTr("没有存上") : qsTr("正在存好，请稍等")
    backVisible: failed
    nextVisible: failed
    nextText: qsTr("再试一次")
    nextName: "try-again"
    onBack: model.back()
    onNext: model.again()

    NoticeBand {
        id: band
        width: parent.width
        kind: screen.failed ? "wrong" : "info"
        icon: screen.failed ? "alert-triangle" : "hourglass"
        text: screen.failed ? screen.model.trouble.message : qsTr("先存在这台机器里，断电也不会丢。")
        note: screen.failed ? screen.model.trouble.remedy : ""
    }
    Label {
        anchors.top: band.bottom
        anchors.topMargin: Theme.px(8)
        anchors.right: parent.right
        visible: screen.failed
        kind: "note"
        text: screen.model.trouble.code
    }
}
