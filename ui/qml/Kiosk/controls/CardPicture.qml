// A drawn social security card: what has to be laid on the reader.
pragma ComponentBehavior: Bound
import QtQuick
import Kiosk

Rectangle {
    id: card

    implicitWidth: Theme.px(270)
    height: width * 0.63
    radius: width * 0.07
    color: Theme.contrast ? "#000000" : "#FFFFFF"
    border.width: Theme.contrast ? Theme.outline : 0
    border.color: Theme.accent
    antialiasing: true

    Rectangle {
        x: parent.width * 0.1
        y: parent.height * 0.26
        width: parent.width * 0.22
        height: parent.height * 0.26
        radius: width * 0.15
        color: "#E0B040"
        antialiasing: true
    }
    Icon {
        x: parent.width * 0.68
        y: parent.height * 0.18
        name: "user"
        size: parent.width * 0.2
        color: Theme.contrast ? "#FFE600" : "#16232E"
    }
    Repeater {
        model: [0.56, 0.4]

        Rectangle {
            required property real modelData
            required property int index
            x: card.width * 0.1
            y: card.height * (0.66 + 0.14 * index)
            width: card.width * modelData
            height: card.height * 0.06
            radius: height / 2
            color: Theme.contrast ? "#FFE600" : "#C9D3DC"
            antialiasing: true
        }
    }
}
