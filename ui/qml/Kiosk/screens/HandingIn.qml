// Being stored, or why it could not be; nothing that was entered is lost.
import QtQuick
import Kiosk
import Kiosk.Models

Screen {
    id: screen

    required property HandingInModel model
    readonly property bool failed: model.trouble.code !== ""

    calm: true
    calmRoom: failed ? band.height + Theme.px(60) : 0
    hero: !failed ? "hourglass" : Theme.landscape && Theme.care ? "" : "alert-triangle"
    heroKind: failed ? "wrong" : "info"
    title: failed ? qsTr("没有存上") : qsTr("正在存好，请稍等")
    subtitle: failed ? "" : qsTr("先存在这台机器里，断电也不会丢。")
    backVisible: model.canGoBack
    nextVisible: failed
    nextText: qsTr("再试一次")
    nextName: "try-again"
    onBack: model.back()
    onNext: model.again()

    TroubleBand {
        id: band
        anchors.horizontalCenter: parent.horizontalCenter
        width: Math.min(parent.width, Theme.px(1300))
        visible: screen.failed
        trouble: screen.model.trouble
    }
}
