// A pad of digits, for numbers; nobody needs a keyboard for a phone number.
pragma ComponentBehavior: Bound
import QtQuick
import Kiosk

Item {
    id: pad

    property string value
    property int longest: 20
    property bool display: true
    property string placeholder
    signal edited(string value)

    readonly property bool beside: display && Theme.landscape
    readonly property real keyHeight: Math.min(Theme.px(200), (height - keys.y - 3 * Theme.gap) / 4)

    implicitHeight: Theme.px(Theme.care ? 920 : 820)

    function type(key: string): void {
        if (key === "clear")
            pad.edited("");
        else if (key === "delete")
            pad.edited(pad.value.slice(0, -1));
        else if (pad.value.length < pad.longest)
            pad.edited(pad.value + key);
    }

    Rectangle {
        id: field
        visible: pad.display
        width: pad.beside ? (parent.width - Theme.gap) * 0.44 : parent.width
        height: pad.display ? Math.max(Theme.px(96), Math.min(Theme.px(132), pad.height - 4 * (Theme.target + Theme.gap))) : 0
        radius: Theme.px(24)
        color: Theme.surface
        border.width: Math.max(2, Theme.px(4))
        border.color: Theme.accent
        Accessible.role: Accessible.EditableText
        Accessible.name: pad.value

        Label {
            objectName: "digits-value"
            anchors.centerIn: parent
            width: parent.width - Theme.px(48)
            kind: pad.value === "" ? "note" : "strong"
            text: pad.value === "" ? pad.placeholder : pad.value
            font.pixelSize: pad.value === "" ? Theme.bodySize : Theme.font(60)
            font.letterSpacing: pad.value === "" ? 0 : Theme.px(4)
            height: Math.min(implicitHeight, parent.height - Theme.px(8))
            lineHeight: 1.0
            fontSizeMode: Text.Fit
            minimumPixelSize: Theme.px(32)
            verticalAlignment: Text.AlignVCenter
            wrapMode: Text.NoWrap
            horizontalAlignment: Text.AlignHCenter
        }
    }
    Grid {
        id: keys
        x: pad.beside ? field.width + Theme.gap : 0
        y: pad.display && !pad.beside ? field.height + Theme.gap : 0
        width: parent.width - x
        columns: 3
        spacing: Theme.gap

        Repeater {
            model: ["1", "2", "3", "4", "5", "6", "7", "8", "9", "clear", "0", "delete"]

            delegate: Touchable {
                id: key
                required property string modelData
                readonly property bool digit: modelData.length === 1
                objectName: "digit-" + modelData
                width: (keys.width - 2 * keys.spacing) / 3
                height: pad.keyHeight
                enabled: digit || pad.value !== ""
                text: digit ? modelData : modelData === "clear" ? qsTr("清空") : qsTr("删一位")
                onActivated: pad.type(modelData)

                Rectangle {
                    anchors.fill: parent
                    radius: Theme.px(24)
                    color: key.pressed ? Theme.tint : key.digit ? Theme.surface : Theme.shade
                    border.width: Theme.outline
                    border.color: Theme.care ? Theme.accent : Theme.line
                }
                Row {
                    anchors.centerIn: parent
                    spacing: Theme.px(10)

                    Icon {
                        anchors.verticalCenter: parent.verticalCenter
                        visible: key.modelData === "delete"
                        name: "backspace"
                        color: key.enabled ? Theme.accent : Theme.ink2
                        size: visible ? Theme.font(42) : 0
                    }
                    Label {
                        anchors.verticalCenter: parent.verticalCenter
                        width: Math.min(implicitWidth, key.width - Theme.px(24) - (key.digit ? 0 : parent.spacing + Theme.font(42)))
                        height: Math.min(implicitHeight, key.height - Theme.px(4))
                        fontSizeMode: Text.Fit
                        minimumPixelSize: Theme.px(32)
                        wrapMode: Text.NoWrap
                        horizontalAlignment: Text.AlignHCenter
                        verticalAlignment: Text.AlignVCenter
                        kind: key.digit ? "strong" : "body"
                        text: key.text
                        color: key.enabled ? (key.digit ? Theme.ink : Theme.accent) : Theme.ink2
                        font.pixelSize: key.digit ? Theme.font(64) : Theme.bodySize
                        lineHeight: 1.0
                        Accessible.ignored: true
                    }
                }
            }
        }
    }
}
