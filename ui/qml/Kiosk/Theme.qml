// One place for every colour, size and duration, so that care mode and high contrast reach every screen alike.
// Sizes are design pixels: 1080 x 1920 portrait (4 px per mm on a 21.5" screen) or 1920 x 1080 landscape, times `unit`.
pragma Singleton
import QtQuick

QtObject {
    id: theme

    property size window: Qt.size(1080, 1920)
    property bool care: false
    property string name: "day"

    readonly property bool contrast: name === "contrast"
    readonly property bool landscape: window.width > window.height
    readonly property real unit: landscape ? Math.min(window.width / 1920, window.height / 1080)
                                           : Math.min(window.width / 1080, window.height / 1920)
    readonly property real words: care ? 1.4 : 1.0

    function px(n: real): real {
        return Math.round(n * theme.unit);
    }
    function font(n: real): int {
        return Math.round(n * theme.unit * theme.words);
    }

    readonly property string family: "Noto Sans CJK SC"
    readonly property int titleSize: font(landscape ? 56 : 64)
    readonly property int headSize: font(44)
    readonly property int bodySize: font(36)
    readonly property int noteSize: font(32)

    readonly property real target: px(care ? 128 : 96)
    readonly property real gap: px(24)
    readonly property real margin: px(landscape ? 56 : 64)
    readonly property real radius: px(28)
    readonly property real outline: Math.max(1, px(care || contrast ? 4 : 2))
    readonly property int motion: care ? 0 : 160

    // What the frame takes from the window's edges.
    readonly property real topBar: px(care ? 148 : 132) * (landscape ? 0.85 : 1)
    readonly property real stepBar: landscape ? 0 : px(care ? 132 : 116)
    readonly property real bottomBar: px(care ? 216 : 160)
    readonly property real actionBar: landscape ? 0 : px(care ? 184 : 164)

    // Portrait: nothing above this can be asked to be touched.
    readonly property real reach: Math.ceil(window.height * 0.286)

    // Every pair of text and ground below is at least 7:1 (tests/ui/test_ui_theme.py computes it).
    readonly property color accent: contrast ? "#FFE600" : "#0B4A6F"
    readonly property color accentPressed: contrast ? "#FFFFFF" : "#073650"
    readonly property color accentInk: contrast ? "#000000" : "#FFFFFF"
    readonly property color tint: contrast ? "#000000" : "#E3EEF5"
    readonly property color ink: contrast ? "#FFE600" : "#16232E"
    readonly property color ink2: contrast ? "#FFE600" : "#3F4D5A"
    readonly property color ground: contrast ? "#000000" : "#F4F6F8"
    readonly property color surface: contrast ? "#000000" : "#FFFFFF"
    readonly property color shade: contrast ? "#000000" : "#EBEFF2"
    readonly property color hairline: contrast ? "#FFE600" : "#E2E7EC"
    readonly property color line: contrast ? "#FFE600" : "#586673"
    readonly property color good: contrast ? "#FFE600" : "#145A37"
    readonly property color goodTint: contrast ? "#000000" : "#E3F3EA"
    readonly property color goodInk: contrast ? "#000000" : "#FFFFFF"
    readonly property color wrong: contrast ? "#FFE600" : "#8F1C16"
    readonly property color wrongTint: contrast ? "#000000" : "#FCECEA"
    readonly property color notice: contrast ? "#000000" : "#FFF7E3"
    readonly property color noticeLine: contrast ? "#FFE600" : "#E3C770"
    readonly property color scrim: contrast ? "#E6000000" : "#B816232E"
}
