// Goodbye; everything is wiped in a moment.
import QtQuick
import Kiosk
import Kiosk.Models

Screen {
    id: screen

    required property ThanksModel model

    title: qsTr("谢谢，慢走")
    subtitle: qsTr("卡和材料都带好。屏幕上的内容马上清除。")
    centered: true
    sideBySide: false
    titleTop: height * 0.3
    backVisible: false
    nextVisible: false

    Icon {
        anchors.horizontalCenter: parent.horizontalCenter
        y: Theme.px(40)
        name: "heart-handshake"
        size: Math.min(Theme.px(240), parent.height - y)
    }
}
