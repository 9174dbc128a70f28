// The frame around every screen: hall, whom it serves, clock, where one is, and the always-there buttons.
import QtQuick
import Kiosk
import Kiosk.Models

Item {
    id: frame

    required property TerminalModel terminal
    default property alias content: middle.data

    Rectangle {
        anchors.fill: parent
        color: Theme.ground
    }

    Rectangle {
        id: top
        width: parent.width
        height: Theme.topBar
        color: Theme.surface

        Rectangle {
            anchors.bottom: parent.bottom
            width: parent.width
            height: Theme.outline
            color: Theme.hairline
        }
        Rectangle {
            id: logo
            x: Theme.px(48)
            anchors.verticalCenter: parent.verticalCenter
            width: Theme.px(76)
            height: width
            radius: Theme.px(18)
            color: Theme.accent

            Icon {
                anchors.centerIn: parent
                name: "building-community"
                color: Theme.accentInk
                size: Theme.px(50)
            }
        }
        Column {
            id: hall
            anchors.left: logo.right
            anchors.leftMargin: Theme.px(22)
            anchors.verticalCenter: parent.verticalCenter
            width: (Theme.landscape ? Theme.px(frame.terminal.steps.length > 0 ? 720 : 1400) : right.x) - x - Theme.px(16)

            Label {
                width: parent.width
                id: hallName
                height: Math.min(implicitHeight, Theme.topBar - Theme.px(second.wanted ? 46 : 8))
                kind: "strong"
                text: frame.terminal.hallName
                fontSizeMode: Text.Fit
                minimumPixelSize: Theme.px(32)
                lineHeight: 0.8
                verticalAlignment: Text.AlignVCenter
            }
            Label {
                id: second
                readonly property bool wanted: frame.terminal.testing || !(Theme.landscape || Theme.care)
                width: parent.width
                visible: wanted
                kind: "note"
                text: frame.terminal.testing ? qsTr("演练，不会真的办理") : qsTr("自助办理")
                color: frame.terminal.testing ? Theme.wrong : Theme.ink2
                font.pixelSize: Theme.px(32)
                wrapMode: Text.NoWrap
            }
        }
        MouseArea {
            // For those who know: hall staff hold the name for five seconds.
            objectName: "hall-name"
            width: hall.x + hall.width
            height: parent.height
            pressAndHoldInterval: 5000
            onPressAndHold: frame.terminal.openStaff()
        }
        Row {
            id: right
            anchors.right: parent.right
            anchors.rightMargin: Theme.px(48)
            anchors.verticalCenter: parent.verticalCenter
            spacing: Theme.px(14)

            Icon {
                anchors.verticalCenter: parent.verticalCenter
                visible: frame.terminal.staffHint !== ""
                name: frame.terminal.staffIcon
                color: Theme.wrong
                size: Theme.px(40)
            }
            Label {
                objectName: "staff-hint"
                anchors.verticalCenter: parent.verticalCenter
                visible: text !== ""
                kind: "note"
                text: frame.terminal.staffHint
                wrapMode: Text.NoWrap
                color: Theme.wrong
                font.pixelSize: Theme.px(32)
                rightPadding: Theme.px(20)
            }
            Icon {
                anchors.verticalCenter: parent.verticalCenter
                visible: frame.terminal.servedName !== ""
                name: "user"
                color: Theme.ink
                size: Theme.px(46)
            }
            Label {
                objectName: "served"
                anchors.verticalCenter: parent.verticalCenter
                visible: text !== ""
                text: frame.terminal.servedName
                wrapMode: Text.NoWrap
                rightPadding: Theme.px(20)
            }
            Label {
                objectName: "clock"
                anchors.verticalCenter: parent.verticalCenter
                text: frame.terminal.clock
                wrapMode: Text.NoWrap
                color: Theme.ink2
                font.pixelSize: Theme.font(40)
            }
        }
        StepBar {
            visible: Theme.landscape && frame.terminal.steps.length > 0
            x: hall.x + hall.width + Theme.px(16)
            width: right.x - x - Theme.px(32)
            height: parent.height
            steps: Theme.landscape ? frame.terminal.steps : []
        }
    }
    StepBar {
        visible: !Theme.landscape && frame.terminal.steps.length > 0
        x: Theme.px(32)
        y: Theme.topBar
        width: parent.width - 2 * x
        height: Theme.stepBar
        steps: Theme.landscape ? [] : frame.terminal.steps
    }

    Rectangle {
        anchors.bottom: parent.bottom
        width: parent.width
        height: Theme.bottomBar
        color: Theme.surface

        Rectangle {
            visible: Theme.landscape
            width: parent.width
            height: Theme.outline
            color: Theme.hairline
        }
    }

    Item {
        id: middle
        y: Theme.topBar + (frame.terminal.steps.length > 0 ? Theme.stepBar : 0)
        width: parent.width
        height: parent.height - y
    }

    Row {
        id: always
        readonly property real place: Theme.landscape ? frame.width - Theme.px(48 * 2 + 300 + 460 + 48) : frame.width - Theme.px(96)
        x: Theme.landscape ? Theme.px(48 + 300 + 24) : Theme.px(48)
        y: parent.height - Theme.bottomBar + Theme.px(Theme.landscape ? 20 : 16)
        height: Theme.bottomBar - Theme.px(Theme.landscape ? 40 : 36)
        spacing: Theme.px(20)
        readonly property real each: (place - 4 * spacing) / 5

        BarButton {
            objectName: "call-staff"
            width: always.each
            height: always.height
            icon: "headset"
            text: qsTr("叫人帮忙")
            onActivated: frame.terminal.callStaff()
        }
        BarButton {
            objectName: "care"
            width: always.each
            height: always.height
            icon: "old"
            on: frame.terminal.care
            text: qsTr("关怀模式")
            onActivated: frame.terminal.toggleCare()
        }
        BarButton {
            objectName: "contrast"
            width: always.each
            height: always.height
            icon: "contrast-2"
            on: Theme.contrast
            text: qsTr("高对比")
            onActivated: frame.terminal.toggleTheme()
        }
        BarButton {
            objectName: "language"
            width: always.each
            height: always.height
            icon: "language"
            text: frame.terminal.language === "zh" ? "English" : "中文"
            onActivated: frame.terminal.toggleLanguage()
        }
        BarButton {
            objectName: "finish"
            width: always.each
            height: always.height
            icon: "door-exit"
            text: qsTr("结束")
            onActivated: frame.terminal.finish()
        }
    }
}
