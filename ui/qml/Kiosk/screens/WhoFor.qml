// Me, or someone else?
import QtQuick
import Kiosk
import Kiosk.Models

Screen {
    id: screen

    required property WhoForModel model

    title: qsTr("这次替谁办？")
    nextVisible: false
    onBack: model.back()

    Column {
        id: both
        width: parent.width
        spacing: Theme.px(32)
        readonly property real each: Math.min(Theme.px(400), (screen.room - spacing) / 2)

        TileButton {
            objectName: "who-me"
            width: parent.width
            height: both.each
            icon: "user"
            title: qsTr("我自己")
            note: qsTr("只要放您自己的卡")
            onActivated: screen.model.pick(false)
        }
        TileButton {
            objectName: "who-other"
            width: parent.width
            height: both.each
            icon: "users"
            title: qsTr("替别人")
            note: qsTr("替家人办，两个人的卡都要放")
            onActivated: screen.model.pick(true)
        }
    }
}
