// With a finger; then it is handed in.
import QtQuick
import Kiosk
import Kiosk.Models

Screen {
    id: screen

    required property SignModel model

    title: qsTr("请用手指签名")
    subtitle: qsTr("签在白框里，写大一点。")
    warning: model.empty && pad.empty ? qsTr("还没有签名，请先签在框里") : ""
    nextText: qsTr("交给区里办理")
    nextName: "hand-in"
    nextIcon: "send"
    onBack: model.back()
    onNext: model.sign(pad.png())

    SignaturePad {
        id: pad
        objectName: "sign-frame"
        width: parent.width
        height: Math.min(parent.height - clear.height - Theme.gap, Theme.px(820))
    }
    SecondaryButton {
        id: clear
        objectName: "sign-clear"
        anchors.top: pad.bottom
        anchors.topMargin: Theme.gap
        width: parent.width
        height: Math.max(Theme.target, Theme.px(112))
        enabled: !pad.empty
        icon: "eraser"
        text: qsTr("重签")
        onActivated: pad.clear()
    }
}
