// Me, or someone else?
import QtQuick
import Kiosk
import Kiosk.Models

Screen {
    id: screen

    required property WhoForModel model

    title: qsTr("这次替谁办？")
    subtitle: qsTr("替家人办，两个人的卡都要放。")
    nextVisible: false
    onBack: model.back()

    Column {
        width: parent.width
        spacing: Theme.gap

        ChoiceCard {
            objectName: "who-me"
            width: parent.width
            icon: "user"
            label: qsTr("我自己")
            onActivated: screen.model.pick(false)
        }
        ChoiceCard {
            objectName: "who-other"
            width: parent.width
            icon: "users"
            label: qsTr("替别人")
            onActivated: screen.model.pick(true)
        }
    }
}
