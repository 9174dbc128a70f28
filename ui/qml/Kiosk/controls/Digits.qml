// A pad of digits, for numbers; nobody needs a keyboard for a phone number. `letters` adds a second side with A to Z,
// `groups` parts what is shown as it is spoken, `hidden` shows dots.
pragma ComponentBehavior: Bound
import QtQuick
import Kiosk

Item {
    id: pad

    property string value
    property int longest: 20
    property bool display: true
    property string placeholder
    property bool letters: false
    property var groups: []
    property bool hidden: false
    signal edited(string value)

    property bool spelling: letters
    readonly property bool beside: display && Theme.landscape && !spelling
    readonly property int rows: Math.ceil(keys.side.length / keys.columns)
    readonly property real keyHeight: Math.min(Theme.px(200), (height - keys.y - (rows - 1) * keys.spacing) / rows)
    readonly property string shown: hidden ? "●".repeat(value.length) : grouped(value)
    readonly property real fieldWidth: field.width
    readonly property real fieldHeight: field.height

    implicitHeight: Theme.px(Theme.care ? 920 : 820)

    onLettersChanged: spelling = letters

    function grouped(value: string): string {
        let parts = [];
        let start = 0;
        for (const size of pad.groups) {
            parts.push(value.slice(start, start + size));
            start += size;
        }
        parts.push(value.slice(start));
        return parts.filter(part => part !== "").join(" ");
    }

    function type(key: string): void {
        if (key === "clear")
            pad.edited("");
        else if (key === "spell")
            pad.spelling = !pad.spelling;
        else if (key === "delete")
            pad.edited(pad.value.slice(0, -1));
        else if (pad.value.length < pad.longest)
            pad.edited(pad.value + key);
    }

    Rectangle {
        id: field
        visible: pad.display
        width: pad.beside ? (parent.width - Theme.gap) * (pad.longest > 14 ? 0.5 : 0.44) : parent.width
        height: pad.display ? Math.max(Theme.px(96), Math.min(Theme.px(132), pad.height - pad.rows * (Theme.target + keys.spacing))) : 0
        radius: Theme.px(24)
        color: Theme.surface
        border.width: Math.max(2, Theme.px(4))
        border.color: Theme.accent
        Accessible.role: Accessible.EditableText
        Accessible.name: pad.shown

        Label {
            objectName: "digits-value"
            anchors.centerIn: parent
            width: parent.width - Theme.px(48)
            kind: pad.value === "" ? "note" : "strong"
            text: pad.value === "" ? pad.placeholder : pad.shown
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
        y: pad.display && !pad.beside ? field.height + spacing : 0
        width: parent.width - x
        readonly property list<string> side: pad.spelling ? [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ", "spell", "delete"]
                                                          : [..."123456789", pad.letters ? "spell" : "clear", "0", "delete"]
        columns: !pad.spelling ? 3 : Theme.care && !Theme.landscape ? 6 : 7
        spacing: pad.spelling ? Theme.px(16) : Theme.gap

        Repeater {
            model: keys.side

            delegate: Touchable {
                id: key
                required property string modelData
                readonly property bool digit: modelData.length === 1
                objectName: "digit-" + modelData
                width: (keys.width - (keys.columns - 1) * keys.spacing) / keys.columns
                height: pad.keyHeight
                enabled: digit || modelData === "spell" || pad.value !== ""
                text: digit ? modelData : modelData === "clear" ? qsTr("清空")
                      : modelData === "spell" ? (pad.spelling ? qsTr("数字") : qsTr("字母")) : qsTr("删一位")
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
                        visible: key.modelData !== "delete" || key.width > Theme.px(180)
                        width: Math.min(implicitWidth, key.width - Theme.px(24) - (key.modelData === "delete" ? parent.spacing + Theme.font(42) : 0))
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
