// Goodbye; everything is wiped in a moment.
import QtQuick
import Kiosk
import Kiosk.Models

Screen {
    id: screen

    required property ThanksModel model

    calm: true
    hero: "heart-handshake"
    heroKind: "good"
    title: qsTr("谢谢，慢走")
    subtitle: qsTr("卡和材料都带好。屏幕上的内容马上清除。")
    backVisible: false
    nextVisible: false
}
