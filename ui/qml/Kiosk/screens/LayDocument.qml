// What opens the document is known: it goes back on the reader.
import QtQuick
import Kiosk
import Kiosk.Models

Screen {
    id: screen

    required property LayDocumentModel model
    readonly property bool said: model.reading || model.trouble.code !== ""

    title: model.reading ? qsTr("正在读证件") : qsTr("请把证件放回读卡处")
    subtitle: model.reading ? qsTr("大约要十秒。") : qsTr("合上放平，放好别动。")
    reach: false
    nextVisible: false
    onBack: model.back()

    CardStage {
        id: stage
        document: true
        width: parent.width
        height: Math.min(parent.height - (screen.said ? Math.max(reading.height, wrong.height) + Theme.gap : 0),
                         Theme.px(860))
    }
    NoticeBand {
        id: reading
        objectName: "reading"
        anchors.top: stage.bottom
        anchors.topMargin: Theme.gap
        width: parent.width
        visible: screen.model.reading
        icon: "hourglass"
        text: qsTr("正在读卡，请别拿走")
    }
    TroubleBand {
        id: wrong
        anchors.top: stage.bottom
        anchors.topMargin: Theme.gap
        width: parent.width
        visible: !screen.model.reading && screen.said
        trouble: screen.model.trouble
    }
}
