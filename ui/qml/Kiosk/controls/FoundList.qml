// Earlier submissions with where they stand, and a slip again for those that can be printed.
pragma ComponentBehavior: Bound
import QtQuick
import Kiosk

Item {
    id: found

    property var rows: []
    property var printing: ({
            text: "",
            remedy: "",
            kind: "info"
        })
    property bool printable: false
    signal printAgain(string uid)

    NoticeBand {
        id: band
        width: parent.width
        visible: found.printing.text !== ""
        kind: found.printing.kind
        icon: found.printing.kind === "good" ? "circle-check" : found.printing.kind === "wrong" ? "alert-triangle" : "printer"
        text: found.printing.text
        note: found.printing.remedy
    }
    PagedColumn {
        id: list
        y: band.visible ? band.height + Theme.gap : 0
        width: parent.width
        height: parent.height - y
        model: found.rows

        delegate: Rectangle {
            id: row
            required property var modelData
            required property int index
            readonly property bool printable: found.printable && modelData.printable
            readonly property bool beside: Theme.landscape && printable
            width: list.width
            height: words.height + (printable && !beside ? again.height + Theme.px(20) : 0) + Theme.px(56)
            radius: Theme.radius
            color: Theme.surface
            border.width: Theme.outline
            border.color: Theme.hairline

            Column {
                id: words
                x: Theme.px(32)
                y: Theme.px(28)
                width: parent.width - 2 * x - (row.beside ? again.width + Theme.gap : 0)
                spacing: Theme.px(6)

                Label {
                    width: parent.width
                    kind: "head"
                    text: row.modelData.title
                }
                Row {
                    width: parent.width
                    spacing: Theme.px(14)

                    Icon {
                        id: mark
                        anchors.verticalCenter: parent.verticalCenter
                        name: row.modelData.icon
                        color: state.color
                        size: Theme.font(46)
                    }
                    Label {
                        id: state
                        width: parent.width - mark.width - parent.spacing
                        kind: "strong"
                        color: row.modelData.kind === "good" ? Theme.good : row.modelData.kind === "wrong" ? Theme.wrong : Theme.accent
                        text: row.modelData.state
                    }
                }
                Label {
                    width: parent.width
                    kind: "note"
                    text: Theme.care ? row.modelData.number : qsTr("暂存号 %1，%2").arg(row.modelData.number).arg(row.modelData.created)
                }
            }
            SecondaryButton {
                id: again
                objectName: "print-again-" + row.index
                visible: row.printable
                x: row.beside ? row.width - width - Theme.px(32) : words.x
                y: row.beside ? (row.height - height) / 2 : words.y + words.height + Theme.px(20)
                width: row.beside ? Theme.px(Theme.care ? 360 : 300) : row.width - 2 * words.x
                height: Theme.target
                icon: "printer"
                fontSize: Theme.font(36)
                text: qsTr("补打凭条")
                onActivated: found.printAgain(row.modelData.uid)
            }
        }
    }
}
