// Qt's own keyboard, Chinese pinyin and English; it stands above the bottom bar and pushes nothing away.
import QtQuick
import QtQuick.VirtualKeyboard
import QtQuick.VirtualKeyboard.Settings
import Kiosk

Item {
    id: keyboard

    property string language: "zh"
    readonly property var method: Qt.inputMethod
    readonly property bool open: panel.active
    visible: panel.active
    height: panel.height + Theme.px(24)

    function forget(): void {
        VirtualKeyboardSettings.userDataReset();
        keyboard.method.reset();
        keyboard.method.hide();
    }

    Rectangle {
        anchors.fill: parent
        color: "#0E171F"
    }
    InputPanel {
        id: panel
        objectName: "keyboard"
        width: Math.min(parent.width, Theme.px(Theme.landscape ? 1500 : 1080))
        anchors.horizontalCenter: parent.horizontalCenter
        anchors.bottom: parent.bottom
    }
    Component.onCompleted: VirtualKeyboardSettings.activeLocales = ["zh_CN", "en_US"]
    Binding {
        target: VirtualKeyboardSettings
        property: "locale"
        value: keyboard.language === "zh" ? "zh_CN" : "en_US"
    }
}
