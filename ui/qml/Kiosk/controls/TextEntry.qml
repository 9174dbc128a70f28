// A line to write on. Touching it opens the keyboard; what is written is never learned by it.
import QtQuick
import Kiosk

Rectangle {
    id: entry

    property alias text: input.text
    property string placeholder
    property string label: placeholder
    property int longest: 60
    readonly property var method: Qt.inputMethod
    readonly property bool writing: input.activeFocus
    signal edited(string text)
    signal accepted

    implicitHeight: Math.max(Theme.px(Theme.care ? 156 : 132), input.contentHeight + Theme.px(56))
    radius: Theme.px(24)
    color: Theme.surface
    border.width: Math.max(2, Theme.px(input.activeFocus ? 6 : 3))
    border.color: input.activeFocus ? Theme.accent : Theme.line

    function open(): void {
        input.forceActiveFocus();
        entry.method.show();
    }

    function close(): void {
        entry.method.hide();
        input.focus = false;
    }

    TapHandler {
        gesturePolicy: TapHandler.ReleaseWithinBounds
        onTapped: entry.open()
    }
    Label {
        anchors.verticalCenter: parent.verticalCenter
        x: Theme.px(36)
        width: parent.width - 2 * x
        visible: input.text === "" && input.preeditText === ""
        color: Theme.ink2
        text: entry.placeholder
        fontSizeMode: Text.Fit
        height: Math.min(implicitHeight, parent.height)
        minimumPixelSize: Theme.px(32)
        Accessible.ignored: true
    }
    TextInput {
        id: input
        objectName: "text-input"
        anchors.verticalCenter: parent.verticalCenter
        x: Theme.px(36)
        width: parent.width - 2 * x
        font.family: Theme.family
        font.pixelSize: Theme.font(44)
        color: Theme.ink
        selectionColor: Theme.accent
        selectedTextColor: Theme.accentInk
        maximumLength: entry.longest
        wrapMode: TextInput.Wrap
        clip: true
        // Sensitive data: Qt's pinyin neither learns from it nor opens its user dictionary.
        inputMethodHints: Qt.ImhSensitiveData | Qt.ImhNoAutoUppercase
        onTextEdited: entry.edited(text)
        onAccepted: {
            entry.close();
            entry.accepted();
        }
        Accessible.role: Accessible.EditableText
        Accessible.name: entry.label
    }
}
