// A white card; its children lie inside its padding.
import QtQuick
import Kiosk

Rectangle {
    id: panel

    property real padding: Theme.px(36)
    default property alias content: inside.data

    implicitHeight: inside.childrenRect.height + 2 * padding
    color: Theme.surface
    radius: Theme.radius
    border.width: Theme.outline
    border.color: Theme.hairline

    Item {
        id: inside
        anchors.fill: parent
        anchors.margins: panel.padding
    }
}
