// Anything a finger may choose. A touch counts only if it starts and ends here.
import QtQuick
import Kiosk

Item {
    id: touchable

    property string text
    property bool checkable: false
    property bool checked: false
    readonly property bool pressed: tap.pressed
    signal activated

    implicitWidth: Theme.target
    implicitHeight: Theme.target
    activeFocusOnTab: true

    Accessible.role: checkable ? Accessible.RadioButton : Accessible.Button
    Accessible.name: text
    Accessible.checkable: checkable
    Accessible.checked: checked
    Accessible.focusable: true
    Accessible.onPressAction: touchable.activated()

    Keys.onReturnPressed: touchable.activated()
    Keys.onEnterPressed: touchable.activated()
    Keys.onSpacePressed: touchable.activated()

    TapHandler {
        id: tap
        gesturePolicy: TapHandler.ReleaseWithinBounds
        onTapped: touchable.activated()
    }

    Rectangle {
        anchors.fill: parent
        anchors.margins: -Theme.px(6)
        z: 9
        visible: touchable.activeFocus && touchable.enabled
        color: "transparent"
        radius: Theme.radius
        border.width: Theme.px(5)
        border.color: Theme.ink
    }
}
