// With a finger; then it is handed in.
import QtQuick
import Kiosk
import Kiosk.Models

Screen {
    id: screen

    required property SignModel model

    title: qsTr("请用手指签名")
    subtitle: qsTr("签在白框里，写大一点。")
    nextText: qsTr("交给区里办理")
    nextName: "hand-in"
    nextIcon: "send"
    onBack: model.back()
    onNext: model.sign(pad.png())

    NoticeBand {
        id: empty
        width: parent.width
        visible: screen.model.empty && pad.empty
        kind: "wrong"
        text: qsTr("还没有签名，请先签在框里")
    }
    Item {
        y: empty.visible ? empty.height + Theme.gap : 0
        width: parent.width
        height: Math.min(parent.height - y, Theme.px(Theme.landscape ? 620 : 760))

        SignaturePad {
            id: pad
            objectName: "sign-pad"
            anchors.fill: parent
        }
    }
}
