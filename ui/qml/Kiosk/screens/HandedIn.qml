// Stored; the slip, its number and code, and the rating, of which nothing is chosen beforehand.
pragma ComponentBehavior: Bound
import QtQuick
import Kiosk
import Kiosk.Models

Screen {
    id: screen

    required property HandedInModel model

    hero: Theme.landscape && Theme.care ? "" : model.hero
    heroKind: model.hero === "check" ? "good" : "info"
    title: model.title
    subtitle: model.body
    backVisible: false
    nextText: qsTr("办好了，结束")
    nextName: "goodbye"
    asideText: qsTr("再办一件")
    asideName: "another-matter"
    onNext: model.finish()
    onAside: model.another()

    PagedColumn {
        id: parts
        anchors.fill: parent
        model: screen.model.canPrintAgain ? ["slip", "printing", "again", "rating"] : ["slip", "printing", "rating"]

        delegate: Loader {
            required property string modelData
            width: parts.width
            sourceComponent: modelData === "slip" ? slip : modelData === "printing" ? printing : modelData === "again" ? again : rating
        }
    }

    Component {
        id: slip

        Panel {
            id: card
            objectName: "private-slip"
            width: parts.width
            height: Math.max(code.height, words.height) + 2 * padding
            padding: Theme.px(28)

            Image {
                id: code
                y: (card.height - 2 * card.padding - height) / 2
                width: Theme.px(Theme.landscape ? 250 : Theme.care ? 260 : 300)
                height: width
                source: screen.model.qr
                smooth: false
                asynchronous: false
                cache: false // nothing of a resident outlives the screen
                Accessible.role: Accessible.Graphic
                Accessible.name: qsTr("凭条二维码")
            }
            Column {
                id: words
                anchors.left: code.right
                anchors.leftMargin: Theme.px(28)
                width: card.width - 2 * card.padding - x
                y: (card.height - 2 * card.padding - height) / 2
                spacing: Theme.px(10)

                Label {
                    width: parent.width
                    kind: "note"
                    text: qsTr("暂存号")
                }
                Label {
                    objectName: "provisional-number"
                    width: parent.width
                    kind: "strong"
                    text: screen.model.number
                    font.pixelSize: Theme.font(52)
                    fontSizeMode: Text.HorizontalFit
                    minimumPixelSize: Theme.px(32)
                    wrapMode: Text.NoWrap
                }
                Label {
                    width: parent.width
                    visible: text !== ""
                    text: screen.model.caseNumber === "" ? "" : qsTr("办件编号 %1").arg(screen.model.caseNumber)
                }
                Label {
                    width: parent.width
                    visible: !Theme.care
                    kind: "note"
                    text: qsTr("凭条丢了也没关系，放卡能查。")
                }
            }
        }
    }
    Component {
        id: printing

        NoticeBand {
            width: parts.width
            kind: screen.model.printing.kind
            icon: screen.model.printing.kind === "good" ? "circle-check" : screen.model.printing.kind === "wrong" ? "alert-triangle" : "printer"
            text: screen.model.printing.text
            note: screen.model.printing.remedy
        }
    }
    Component {
        id: again

        SecondaryButton {
            objectName: "print-again"
            width: parts.width
            height: Theme.target
            icon: "printer"
            fontSize: Theme.font(36)
            text: qsTr("再打一次")
            onActivated: screen.model.printAgain()
        }
    }
    Component {
        id: rating

        Column {
            id: rate
            width: parts.width
            spacing: Theme.px(16)

            Label {
                width: parent.width
                kind: "head"
                text: screen.model.rating > 0 ? qsTr("谢谢您的评价") : qsTr("这次办得怎么样？")
            }
            Grid {
                id: levels
                width: parent.width
                columns: Theme.care ? 3 : 5
                spacing: Theme.px(16)

                Repeater {
                    model: screen.model.levels

                    delegate: Touchable {
                        id: level
                        required property var modelData
                        readonly property bool chosen: screen.model.rating === modelData.level
                        objectName: "rate-" + modelData.level
                        width: (levels.width - (levels.columns - 1) * levels.spacing) / levels.columns
                        height: Math.max(Theme.target, words.height + Theme.px(Theme.care ? 20 : 44))
                        text: modelData.name
                        checkable: true
                        checked: chosen
                        enabled: screen.model.rating === 0
                        onActivated: screen.model.rate(modelData.level)

                        Rectangle {
                            anchors.fill: parent
                            radius: Theme.px(24)
                            color: level.chosen || level.pressed ? Theme.tint : Theme.surface
                            border.width: level.chosen ? Theme.px(6) : Theme.outline
                            border.color: level.chosen || Theme.care ? Theme.accent : Theme.line
                        }
                        Column {
                            id: words
                            anchors.centerIn: parent
                            width: parent.width - Theme.px(12)
                            spacing: Theme.px(6)

                            Row {
                                anchors.horizontalCenter: parent.horizontalCenter
                                visible: !Theme.care

                                Repeater {
                                    model: level.modelData.level

                                    Icon {
                                        name: "star-filled"
                                        color: Theme.accent
                                        size: Theme.px(28)
                                    }
                                }
                            }
                            Label {
                                width: parent.width
                                text: level.modelData.name
                                font.pixelSize: Theme.noteSize
                                fontSizeMode: Text.Fit
                                minimumPixelSize: Theme.px(32)
                                horizontalAlignment: Text.AlignHCenter
                                Accessible.ignored: true
                            }
                        }
                    }
                }
            }
        }
    }
}
