// Where the finger signs. The strokes are kept by the painted item of ui/signature.py; nothing is stored here.
import QtQuick
import Kiosk
import Kiosk.Models

Rectangle {
    id: pad

    property string hint: qsTr("请用手指在这里写名字")
    readonly property bool empty: ink.empty
    signal changed

    function clear(): void {
        ink.clear();
    }
    function png(): string {
        return ink.png();
    }

    implicitHeight: Theme.px(560)
    radius: Theme.radius
    color: "#FFFFFF"
    border.width: Math.max(2, Theme.px(5))
    border.color: Theme.accent
    Accessible.role: Accessible.Canvas
    Accessible.name: hint

    Rectangle {
        x: Theme.px(64)
        y: parent.height * 0.76
        width: parent.width - 2 * x
        height: Theme.px(3)
        color: "#6B7A88"
    }
    Label {
        anchors.horizontalCenter: parent.horizontalCenter
        y: parent.height * 0.76 + Theme.px(12)
        width: parent.width - Theme.px(160)
        color: "#3F4D5A"
        text: pad.hint
        horizontalAlignment: Text.AlignHCenter
        visible: pad.empty
    }
    SignatureInk {
        id: ink
        objectName: "sign-pad"
        anchors.fill: parent
        anchors.margins: Theme.px(8)
        stroke: Theme.px(9)
        onChanged: pad.changed()
    }
}
