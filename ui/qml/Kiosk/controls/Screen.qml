// What every screen is made of: title, one sentence, its content, and the action row that never moves.
// Portrait: title on top, row above the bottom bar. Landscape: title left of the content, row around the bottom bar.
import QtQuick
import Kiosk

Item {
    id: screen

    property string title
    property string subtitle
    property bool centered: false
    property bool sideBySide: Theme.landscape
    property real titleTop: Theme.px(Theme.landscape ? 44 : 36)

    property string backText: qsTr("上一步")
    property bool backVisible: true
    property string backName: "back"
    property string backIcon: "arrow-left"
    property string nextText: qsTr("下一步")
    property bool nextVisible: true
    property bool nextEnabled: true
    property string nextName: "next"
    property string nextIcon
    property string asideText
    property bool asideVisible: asideText !== ""
    property bool asideEnabled: true
    property string asideName: "aside"
    property string asideIcon
    signal back
    signal next
    signal aside

    default property alias content: body.data
    readonly property bool row: backVisible || nextVisible || asideVisible
    readonly property real contentWidth: body.width
    readonly property real contentHeight: body.height

    Accessible.role: Accessible.Pane
    Accessible.name: title

    Column {
        id: heading
        x: Theme.margin
        y: screen.titleTop
        width: screen.sideBySide ? Theme.px(540) : screen.width - 2 * Theme.margin
        spacing: Theme.px(14)

        Label {
            objectName: "title"
            width: parent.width
            visible: text !== ""
            kind: "title"
            text: screen.title
            horizontalAlignment: screen.centered ? Text.AlignHCenter : Text.AlignLeft
            Accessible.role: Accessible.Heading
        }
        Label {
            objectName: "subtitle"
            width: parent.width
            visible: text !== ""
            color: Theme.ink2
            text: screen.subtitle
            horizontalAlignment: screen.centered ? Text.AlignHCenter : Text.AlignLeft
        }
    }

    Item {
        id: body
        objectName: "content"
        x: screen.sideBySide ? heading.x + heading.width + Theme.px(56) : Theme.margin
        y: screen.sideBySide ? screen.titleTop : heading.y + heading.height + Theme.px(heading.height > 0 ? 32 : 0)
        width: screen.width - x - Theme.margin
        height: bar.y - Theme.px(24) - y
    }

    Rectangle {
        id: bar
        x: 0
        y: screen.height - height - (Theme.landscape ? 0 : Theme.bottomBar)
        width: screen.width
        height: Theme.landscape ? Theme.bottomBar : screen.row ? Theme.actionBar : 0
        visible: !Theme.landscape && screen.row
        color: Theme.surface

        Rectangle {
            width: parent.width
            height: Theme.outline
            color: Theme.hairline
        }
    }

    SecondaryButton {
        id: backButton
        objectName: screen.backName
        visible: screen.backVisible
        x: Theme.px(48)
        y: bar.y + (bar.height - height) / (Theme.landscape ? 2 : 1) - (Theme.landscape ? 0 : Theme.px(4))
        width: Theme.px(Theme.landscape ? (Theme.care ? 300 : 280) : screen.asideVisible ? 258 : 300)
        text: screen.backText
        icon: screen.backIcon
        fontSize: Theme.font(screen.asideVisible && !Theme.landscape ? 36 : 40)
        onActivated: screen.back()
    }
    SecondaryButton {
        id: asideButton
        objectName: screen.asideName
        visible: screen.asideVisible
        enabled: screen.asideEnabled
        readonly property real from: screen.backVisible ? backButton.x + backButton.width + Theme.gap : Theme.px(48)
        x: Theme.landscape ? heading.x : from
        y: Theme.landscape ? bar.y - height - Theme.px(24) : backButton.y
        width: Theme.landscape ? heading.width
               : screen.nextVisible ? Theme.px(screen.backVisible ? 288 : 400) : screen.width - from - Theme.px(48)
        text: screen.asideText
        icon: screen.asideIcon
        fontSize: Theme.font(36)
        onActivated: screen.aside()
    }
    PrimaryButton {
        objectName: screen.nextName
        visible: screen.nextVisible
        enabled: screen.nextEnabled
        readonly property real from: screen.asideVisible
                                     ? asideButton.x + asideButton.width + Theme.gap
                                     : screen.backVisible ? backButton.x + backButton.width + Theme.gap : Theme.px(48)
        x: Theme.landscape ? screen.width - Theme.px(48) - width : from
        y: backButton.y
        width: Theme.landscape ? Theme.px(460) : screen.width - from - Theme.px(48)
        text: screen.nextText
        icon: screen.nextIcon
        onActivated: screen.next()
    }
}
