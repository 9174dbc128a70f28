// What may lie over a screen: silence for too long, another card, "really finish?", staff on the way.
import QtQuick
import Kiosk
import Kiosk.Models

Item {
    id: overlays

    required property TerminalModel terminal
    readonly property string what: terminal.overlay

    visible: what !== ""

    Dialog {
        anchors.fill: parent
        visible: overlays.what === "idle"
        icon: "clock-pause"
        title: qsTr("您还在吗？")
        text: qsTr("还有 %1 秒就结束。结束后，填过的都会清掉。").arg(overlays.terminal.idleSeconds)

        Rectangle {
            width: parent.width
            height: Theme.px(20)
            radius: height / 2
            color: Theme.shade
            border.width: Theme.contrast ? Theme.outline : 0
            border.color: Theme.ink

            Rectangle {
                width: parent.width * (overlays.terminal.idleTotal > 0 ? overlays.terminal.idleSeconds / overlays.terminal.idleTotal : 0)
                height: parent.height
                radius: height / 2
                color: Theme.accent
            }
        }
        PrimaryButton {
            objectName: "more-time"
            width: parent.width
            implicitHeight: Theme.px(200)
            fontSize: Theme.font(60)
            icon: "clock-plus"
            text: qsTr("我还在，接着办")
            onActivated: overlays.terminal.closeOverlay()
        }
        SecondaryButton {
            objectName: "idle-finish"
            width: parent.width
            icon: "door-exit"
            text: qsTr("办完了，结束")
            onActivated: overlays.terminal.finishForSure()
        }
    }
    Dialog {
        anchors.fill: parent
        visible: overlays.what === "other-card"
        icon: "cards"
        title: qsTr("放上了另一张卡")
        text: qsTr("这是 %1 的卡。要换人办吗？换人的话，前面填的会清掉。").arg(overlays.terminal.otherName)

        SecondaryButton {
            objectName: "keep-going"
            width: parent.width
            text: qsTr("不换，接着办原来的")
            onActivated: overlays.terminal.closeOverlay()
        }
        SecondaryButton {
            objectName: "switch-card"
            width: parent.width
            text: qsTr("换成 %1 办").arg(overlays.terminal.otherName)
            onActivated: overlays.terminal.switchCard()
        }
    }
    Dialog {
        anchors.fill: parent
        visible: overlays.what === "finish"
        icon: "door-exit"
        title: qsTr("现在结束吗？")
        text: qsTr("还没有交上去。结束后，填过的都会清掉，下次要重新填。")

        PrimaryButton {
            objectName: "keep-going-finish"
            width: parent.width
            text: qsTr("不结束，接着办")
            onActivated: overlays.terminal.closeOverlay()
        }
        SecondaryButton {
            objectName: "finish-for-sure"
            width: parent.width
            icon: "door-exit"
            text: qsTr("结束，清掉我填的")
            onActivated: overlays.terminal.finishForSure()
        }
    }
    Dialog {
        anchors.fill: parent
        visible: overlays.what === "staff"
        icon: "headset"
        title: qsTr("请工作人员来帮忙")
        text: qsTr("请举手示意，工作人员看到这个画面就会过来。您填的都还在。")

        PrimaryButton {
            objectName: "staff-ok"
            width: parent.width
            text: qsTr("知道了，我接着办")
            onActivated: overlays.terminal.closeOverlay()
        }
    }
}
