// Progress and lost slips, by card.
import QtQuick
import Kiosk
import Kiosk.Models

Screen {
    id: screen

    required property FindByCardModel model
    readonly property bool none: !model.searching && model.rows.length === 0

    calm: none
    hero: none ? "file-search" : ""
    reach: !model.searching && !none
    title: model.searching ? qsTr("请把您的卡放在读卡处") : none ? qsTr("没有找到办过的事") : qsTr("您在这里办过的")
    subtitle: model.searching ? qsTr("社会保障卡，芯片朝下。") : none ? qsTr("如果是在别处办的，请问工作人员。") : ""
    nextVisible: false
    onBack: model.back()

    CardStage {
        visible: screen.model.searching
        width: parent.width
        height: Math.min(parent.height - (band.visible ? band.height + Theme.gap : 0), Theme.px(860))
    }
    TroubleBand {
        id: band
        width: parent.width
        anchors.bottom: parent.bottom
        visible: screen.model.searching && screen.model.trouble.code !== ""
        trouble: screen.model.trouble
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
