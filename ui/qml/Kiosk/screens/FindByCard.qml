// Progress and lost slips, by card.
import QtQuick
import Kiosk
import Kiosk.Models

Screen {
    id: screen

    required property FindByCardModel model

    title: model.searching ? qsTr("请把您的卡放在读卡处") : model.rows.length > 0 ? qsTr("您在这里办过的") : qsTr("没有找到办过的事")
    subtitle: model.searching ? qsTr("社会保障卡，芯片朝下。") : model.rows.length > 0 ? "" : qsTr("如果是在别处办的，请问工作人员。")
    nextVisible: false
    onBack: model.back()

    CardPicture {
        visible: screen.model.searching
        anchors.horizontalCenter: parent.horizontalCenter
        y: Theme.px(24)
        width: Math.min(Theme.px(440), parent.height * 0.8)
        border.width: Theme.px(3)
        border.color: Theme.accent
    }
    NoticeBand {
        width: parent.width
        anchors.bottom: parent.bottom
        visible: screen.model.searching && screen.model.trouble.code !== ""
        kind: "wrong"
        text: screen.model.trouble.message
        note: screen.model.trouble.remedy
    }
    FoundList {
        anchors.fill: parent
        visible: !screen.model.searching
        rows: screen.model.rows
        printing: screen.model.printing
        printable: true
        onPrintAgain: uid => screen.model.printAgain(uid)
    }
}
