// What every screen is made of: title, one sentence, its content, and the action row that never moves.
// Portrait: title on top, row above the bottom bar. Landscape: title left of the content, row around the bottom bar.
// The portrait's top third only shows; what can be touched begins below it, within reach from a wheelchair.
import QtQuick
import Kiosk

Item {
    id: screen

    property string title
    property string subtitle
    property string warning
    property string warningKind: "wrong"
    property string hero
    property string heroKind: "info"
    property bool calm: false
    property real calmRoom: 0
    property bool reach: !calm
    readonly property bool centered: calm || (hero !== "" && !Theme.landscape)
    readonly property bool sideBySide: Theme.landscape && !calm

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
    readonly property real room: body.height
    readonly property real above: Theme.window.height - height

    Accessible.role: Accessible.Pane
    Accessible.name: title

    Column {
        id: heading
        readonly property real start: Theme.landscape ? Theme.px(44)
                                    : Theme.topBar - screen.above + (screen.hero !== "" ? Theme.px(56) : Theme.stepBar + Theme.px(36))
        x: screen.calm ? (screen.width - width) / 2 : Theme.margin
        y: screen.calm ? Math.max(start, (bar.y - height - screen.calmRoom) * 0.42) : start
        width: screen.sideBySide ? Theme.px(600) : Math.min(screen.width - 2 * Theme.margin, Theme.px(1300))
        spacing: Theme.px(14)

        Rectangle {
            visible: screen.hero !== ""
            x: screen.centered ? (parent.width - width) / 2 : 0
            width: Theme.px(screen.calm && !(Theme.landscape && screen.calmRoom > 0) ? 232 : Theme.care ? 120 : 168)
            height: width
            radius: width / 2
            color: screen.heroKind === "good" ? Theme.goodTint : screen.heroKind === "wrong" ? Theme.wrongTint : Theme.tint
            border.width: Theme.contrast ? Theme.outline : 0
            border.color: Theme.ink

            Icon {
                anchors.centerIn: parent
                name: screen.hero
                color: screen.heroKind === "good" ? Theme.good : screen.heroKind === "wrong" ? Theme.wrong : Theme.accent
                size: Math.round(parent.width * 0.6)
            }
        }
        Label {
            objectName: "title"
            width: parent.width
            visible: text !== ""
            kind: "title"
            text: screen.title
            font.pixelSize: screen.sideBySide && Theme.care ? Theme.font(46) : Theme.titleSize
            topPadding: screen.hero !== "" ? Theme.px(18) : 0
            horizontalAlignment: screen.centered ? Text.AlignHCenter : Text.AlignLeft
            Accessible.role: Accessible.Heading
        }
        Label {
            objectName: "subtitle"
            width: parent.width
            visible: text !== "" && screen.warning === ""
            color: Theme.ink2
            text: screen.subtitle
            font.pixelSize: screen.sideBySide && Theme.care ? Theme.noteSize : Theme.bodySize
            horizontalAlignment: screen.centered ? Text.AlignHCenter : Text.AlignLeft
        }
        NoticeBand {
            objectName: "wrong"
            width: parent.width
            visible: screen.warning !== ""
            kind: screen.warningKind
            text: screen.warning
        }
    }

    Item {
        id: body
        objectName: "content"
        readonly property real under: heading.y + heading.height + Theme.px(heading.height > 0 ? 36 : 0)
        x: screen.sideBySide ? heading.x + heading.width + Theme.px(56) : Theme.margin
        y: screen.sideBySide ? heading.start
           : screen.reach && !Theme.landscape ? Math.max(under, Theme.reach - screen.above) : under
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
        icon: Theme.care && screen.asideVisible && !Theme.landscape ? "" : screen.backIcon
        fontSize: Theme.font(screen.asideVisible && !Theme.landscape ? 36 : 40)
        onActivated: screen.back()
    }
    SecondaryButton {
        id: asideButton
        objectName: screen.asideName
        visible: screen.asideVisible
        enabled: screen.asideEnabled
        readonly property real from: screen.backVisible ? backButton.x + backButton.width + Theme.gap : Theme.px(48)
        // Landscape: in the place of "back" where that is free, else under the title.
        readonly property bool above: Theme.landscape && screen.backVisible
        x: above ? heading.x : from
        y: above ? bar.y - height - Theme.px(24) : backButton.y
        width: above ? heading.width : Theme.landscape ? backButton.width
               : screen.nextVisible ? Theme.px(screen.backVisible ? 288 : 400) : screen.width - from - Theme.px(48)
        text: screen.asideText
        icon: screen.asideIcon
        fontSize: Theme.font(Theme.care && !Theme.landscape ? 33 : 36)
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
