// The one window: the frame, the screen the journey asks for, what lies over it, and the keyboard.
import QtQuick
import Kiosk
import Kiosk.Models

Window {
    id: window

    required property TerminalModel terminal
    required property LiveFeed feed

    title: terminal.hallName
    color: Theme.ground

    function load(): void {
        keyboard.forget();
        settling.restart();
        if (terminal.screenName === "")
            screen.source = "";
        else
            screen.setSource(Qt.resolvedUrl("screens/" + terminal.screenName + ".qml"), {
                model: terminal.screen
            });
    }

    Binding {
        target: Theme
        property: "window"
        value: Qt.size(window.width, window.height)
    }
    Binding {
        target: Theme
        property: "care"
        value: window.terminal.care
    }
    Binding {
        target: Theme
        property: "name"
        value: window.terminal.theme
    }
    Binding {
        target: Live
        property: "feed"
        value: window.feed
    }
    Binding {
        target: Live
        property: "on"
        value: window.terminal.cameraOn
    }
    Connections {
        target: window.terminal
        function onScreenChanged(): void {
            window.load();
        }
    }

    Frame {
        anchors.fill: parent
        terminal: window.terminal

        Loader {
            id: screen
            objectName: "screen"
            anchors.fill: parent
        }
        // A trembling finger touches twice: what comes right after a new screen was meant for the one before, and must
        // not agree to anything on this one.
        MouseArea {
            objectName: "settling"
            anchors.fill: parent
            visible: settling.running
        }
    }
    Timer {
        id: settling
        objectName: "settling-time"
        interval: 300
    }
    Keyboard {
        id: keyboard
        width: parent.width
        anchors.bottom: parent.bottom
        language: window.terminal.language
    }
    Overlays {
        anchors.fill: parent
        terminal: window.terminal
    }
    // Every finger counts as a sign of life, wherever it lands; the event goes on to what lies beneath.
    Item {
        objectName: "everywhere"
        anchors.fill: parent

        PointHandler {
            target: null
            onActiveChanged: if (active)
                window.terminal.touched()
        }
    }
    Component.onCompleted: load()
}
