// The one live feed, set by the window, found by whichever screen shows the camera.
pragma Singleton
import QtQuick
import Kiosk.Models

QtObject {
    property LiveFeed feed: null
    property bool on: false // whether the camera captures, as the camera itself says
}
