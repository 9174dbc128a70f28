/* A V4L2 camera made of files, below OpenCV: preloaded into a process, it answers ioctl() on nodes in $FAKE_V4L2.
 *
 * A node is an ordinary file, its buffers are the file's own pages (so the process maps the "device" as it would map a
 * driver's), and frames come from <node>.<n>.jpg in turn. Marks beside the node make faults:
 *   <node>.gone   every call fails with ENODEV, as after the cable was pulled
 *   <node>.busy   another program streams: formats and buffers are refused with EBUSY
 *   <node>.hang   the next frame never comes
 *   <node>.meta   the node carries metadata, not video
 * Every request that changes something is noted in <node>.log. Layouts come from the kernel's own header, not from ours.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER (4u << 20)
#define MOST 10
#define MOST_CAMERAS 8

static struct camera {
    char path[256];
    ino_t inode;
    unsigned width, height, pixels, buffers, frame, streaming;
    int queued[MOST], first, count;
    int exposure_auto, exposure, gain, white_auto, white;
} cameras[MOST_CAMERAS];

static int marked(const struct camera *camera, const char *mark) {
    char name[300];
    snprintf(name, sizeof name, "%s.%s", camera->path, mark);
    return access(name, F_OK) == 0;
}

static void note(const struct camera *camera, const char *what, long value) {
    char name[300];
    snprintf(name, sizeof name, "%s.log", camera->path);
    FILE *log = fopen(name, "a");
    if (log) {
        fprintf(log, "%s %ld\n", what, value);
        fclose(log);
    }
}

static struct camera *camera_of(int fd) {
    const char *folder = getenv("FAKE_V4L2");
    struct stat status;
    char link[64], path[256];
    if (!folder || fstat(fd, &status) || !S_ISREG(status.st_mode)) return NULL;
    for (int i = 0; i < MOST_CAMERAS && cameras[i].path[0]; i++) /* known by its inode: the node may be gone by now */
        if (cameras[i].inode == status.st_ino) return &cameras[i];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return NULL;
    path[length] = 0;
    char *name = strrchr(path, '/');
    if (strncmp(path, folder, strlen(folder)) || strncmp(name, "/video", 6) || strchr(name, '.') || strchr(name, ' '))
        return NULL;
    struct camera *camera = cameras;
    while (camera < cameras + MOST_CAMERAS && camera->path[0]) camera++;
    if (camera == cameras + MOST_CAMERAS) return NULL;
    strcpy(camera->path, path);
    camera->inode = status.st_ino;
    camera->width = 640, camera->height = 480, camera->pixels = V4L2_PIX_FMT_YUYV;
    camera->exposure_auto = V4L2_EXPOSURE_APERTURE_PRIORITY, camera->exposure = 156;
    camera->white_auto = 1, camera->white = 4600, camera->gain = 10;
    return camera;
}

static int fails(int why) {
    errno = why;
    return -1;
}

static int clamp(int value, int low, int high) { return value < low ? low : value > high ? high : value; }

static const unsigned sizes[2][2] = {{1280, 720}, {640, 480}};

static int *control(struct camera *camera, unsigned id, int *low, int *high) {
    switch (id) {
    case V4L2_CID_EXPOSURE_AUTO: return *low = 0, *high = 3, &camera->exposure_auto;
    case V4L2_CID_EXPOSURE_ABSOLUTE: return *low = 3, *high = 2047, &camera->exposure;
    case V4L2_CID_GAIN: return *low = 0, *high = 100, &camera->gain;
    case V4L2_CID_AUTO_WHITE_BALANCE: return *low = 0, *high = 1, &camera->white_auto;
    case V4L2_CID_WHITE_BALANCE_TEMPERATURE: return *low = 2800, *high = 6500, &camera->white;
    default: return NULL; /* no focus: a camera with a fixed lens */
    }
}

static int set_control(struct camera *camera, unsigned id, int value) {
    int low, high, *held = control(camera, id, &low, &high);
    if (!held) return fails(EINVAL);
    if (id == V4L2_CID_EXPOSURE_AUTO && value != V4L2_EXPOSURE_MANUAL && value != V4L2_EXPOSURE_APERTURE_PRIORITY)
        return fails(EINVAL); /* UVC knows these two */
    if (id == V4L2_CID_EXPOSURE_ABSOLUTE && camera->exposure_auto != V4L2_EXPOSURE_MANUAL) return fails(EACCES);
    if (id == V4L2_CID_WHITE_BALANCE_TEMPERATURE && camera->white_auto) return fails(EACCES);
    *held = clamp(value, low, high);
    char what[32];
    snprintf(what, sizeof what, "control-%x", id);
    note(camera, what, *held);
    return 0;
}

static int frame_into(struct camera *camera, int fd, unsigned index, unsigned *bytes) {
    char name[300];
    struct stat status;
    snprintf(name, sizeof name, "%s.%u.jpg", camera->path, camera->frame);
    if (stat(name, &status)) {
        camera->frame = 0;
        snprintf(name, sizeof name, "%s.0.jpg", camera->path);
        if (stat(name, &status)) return fails(EIO);
    }
    camera->frame++;
    static char picture[BUFFER];
    int file = open(name, O_RDONLY);
    ssize_t length = read(file, picture, sizeof picture);
    close(file);
    if (length <= 0 || pwrite(fd, picture, length, (off_t)index * BUFFER) != length) return fails(EIO);
    *bytes = length;
    return 0;
}

static int answer(struct camera *camera, int fd, unsigned request, void *argument) {
    if (marked(camera, "gone") || access(camera->path, F_OK)) return fails(ENODEV);
    switch (request) {
    case VIDIOC_QUERYCAP: {
        struct v4l2_capability *it = argument;
        memset(it, 0, sizeof *it);
        strcpy((char *)it->driver, "uvcvideo");
        strcpy((char *)it->card, "Hall Document Camera");
        strcpy((char *)it->bus_info, "usb-fake-1");
        it->device_caps = V4L2_CAP_STREAMING | (marked(camera, "meta") ? V4L2_CAP_META_CAPTURE : V4L2_CAP_VIDEO_CAPTURE);
        it->capabilities = V4L2_CAP_DEVICE_CAPS | V4L2_CAP_STREAMING | V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_META_CAPTURE;
        return 0;
    }
    case VIDIOC_ENUM_FMT: {
        struct v4l2_fmtdesc *it = argument;
        if (it->type != V4L2_BUF_TYPE_VIDEO_CAPTURE || it->index > 1) return fails(EINVAL);
        it->pixelformat = it->index ? V4L2_PIX_FMT_YUYV : V4L2_PIX_FMT_MJPEG;
        strcpy((char *)it->description, it->index ? "YUYV 4:2:2" : "Motion-JPEG");
        return 0;
    }
    case VIDIOC_ENUM_FRAMESIZES: {
        struct v4l2_frmsizeenum *it = argument;
        unsigned first = it->pixel_format == V4L2_PIX_FMT_MJPEG ? 0 : 1;
        if (it->index + first > 1) return fails(EINVAL);
        it->type = V4L2_FRMSIZE_TYPE_DISCRETE;
        it->discrete.width = sizes[it->index + first][0], it->discrete.height = sizes[it->index + first][1];
        return 0;
    }
    case VIDIOC_ENUMINPUT: {
        struct v4l2_input *it = argument;
        if (it->index) return fails(EINVAL);
        it->type = V4L2_INPUT_TYPE_CAMERA;
        return 0;
    }
    case VIDIOC_G_INPUT: *(int *)argument = 0; return 0;
    case VIDIOC_S_INPUT: return *(int *)argument ? fails(EINVAL) : 0;
    case VIDIOC_TRY_FMT:
    case VIDIOC_S_FMT: {
        struct v4l2_format *it = argument;
        if (it->type != V4L2_BUF_TYPE_VIDEO_CAPTURE) return fails(EINVAL);
        if (marked(camera, "busy") || camera->streaming) return fails(EBUSY);
        unsigned jpeg = it->fmt.pix.pixelformat == V4L2_PIX_FMT_MJPEG;
        unsigned large = jpeg && it->fmt.pix.width >= 1280;
        it->fmt.pix.pixelformat = jpeg ? V4L2_PIX_FMT_MJPEG : V4L2_PIX_FMT_YUYV; /* anything unknown becomes YUYV */
        it->fmt.pix.width = sizes[!large][0], it->fmt.pix.height = sizes[!large][1];
        it->fmt.pix.field = V4L2_FIELD_NONE;
        it->fmt.pix.bytesperline = jpeg ? 0 : it->fmt.pix.width * 2;
        it->fmt.pix.sizeimage = BUFFER;
        if (request == VIDIOC_S_FMT) {
            camera->pixels = it->fmt.pix.pixelformat;
            camera->width = it->fmt.pix.width, camera->height = it->fmt.pix.height;
        }
        return 0;
    }
    case VIDIOC_G_FMT: {
        struct v4l2_format *it = argument;
        if (it->type != V4L2_BUF_TYPE_VIDEO_CAPTURE) return fails(EINVAL);
        it->fmt.pix.pixelformat = camera->pixels;
        it->fmt.pix.width = camera->width, it->fmt.pix.height = camera->height;
        it->fmt.pix.field = V4L2_FIELD_NONE;
        it->fmt.pix.sizeimage = BUFFER;
        return 0;
    }
    case VIDIOC_S_PARM: /* 30 frames a second whatever is asked, as many a camera */
    case VIDIOC_G_PARM: {
        struct v4l2_streamparm *it = argument;
        if (it->type != V4L2_BUF_TYPE_VIDEO_CAPTURE) return fails(EINVAL);
        it->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
        it->parm.capture.timeperframe.numerator = 1, it->parm.capture.timeperframe.denominator = 30;
        return 0;
    }
    case VIDIOC_QUERYCTRL: {
        struct v4l2_queryctrl *it = argument;
        int low, high, *held = control(camera, it->id, &low, &high);
        if (!held) return fails(EINVAL);
        it->minimum = low, it->maximum = high, it->step = 1, it->flags = 0;
        return 0;
    }
    case VIDIOC_G_CTRL: {
        struct v4l2_control *it = argument;
        int low, high, *held = control(camera, it->id, &low, &high);
        if (!held) return fails(EINVAL);
        it->value = *held;
        return 0;
    }
    case VIDIOC_S_CTRL: {
        struct v4l2_control *it = argument;
        return set_control(camera, it->id, it->value);
    }
    case VIDIOC_G_EXT_CTRLS:
    case VIDIOC_S_EXT_CTRLS: {
        struct v4l2_ext_controls *it = argument;
        for (unsigned i = 0; i < it->count; i++) {
            int low, high, *held = control(camera, it->controls[i].id, &low, &high);
            if (!held) return fails(EINVAL);
            if (request == VIDIOC_G_EXT_CTRLS) it->controls[i].value = *held;
            else if (set_control(camera, it->controls[i].id, it->controls[i].value)) return -1;
        }
        return 0;
    }
    case VIDIOC_REQBUFS: {
        struct v4l2_requestbuffers *it = argument;
        if (it->type != V4L2_BUF_TYPE_VIDEO_CAPTURE || it->memory != V4L2_MEMORY_MMAP) return fails(EINVAL);
        if (marked(camera, "busy")) return fails(EBUSY);
        it->count = it->count > MOST ? MOST : it->count;
        camera->buffers = it->count, camera->first = camera->count = 0;
        note(camera, "buffers", it->count);
        return ftruncate(fd, (off_t)MOST * BUFFER);
    }
    case VIDIOC_QUERYBUF: {
        struct v4l2_buffer *it = argument;
        if (it->index >= camera->buffers) return fails(EINVAL);
        it->length = BUFFER, it->m.offset = it->index * BUFFER;
        return 0;
    }
    case VIDIOC_QBUF: {
        struct v4l2_buffer *it = argument;
        if (it->index >= camera->buffers || camera->count >= MOST) return fails(EINVAL);
        camera->queued[(camera->first + camera->count++) % MOST] = it->index;
        return 0;
    }
    case VIDIOC_DQBUF: {
        struct v4l2_buffer *it = argument;
        if (!camera->streaming) return fails(EINVAL);
        while (marked(camera, "hang")) usleep(20000);
        if (!camera->count) return fails(EAGAIN);
        usleep(1000000 / 30);
        if (marked(camera, "gone")) return fails(ENODEV);
        unsigned bytes, index = camera->queued[camera->first];
        if (frame_into(camera, fd, index, &bytes)) return -1;
        camera->first = (camera->first + 1) % MOST, camera->count--;
        it->index = index, it->bytesused = bytes, it->length = BUFFER, it->flags = V4L2_BUF_FLAG_MAPPED | V4L2_BUF_FLAG_DONE;
        it->m.offset = index * BUFFER;
        return 0;
    }
    case VIDIOC_STREAMON:
        if (marked(camera, "busy")) return fails(EBUSY);
        note(camera, "stream", camera->streaming = 1);
        return 0;
    case VIDIOC_STREAMOFF:
        note(camera, "stream", camera->streaming = camera->first = camera->count = 0);
        return 0;
    default: return fails(ENOTTY);
    }
}

int ioctl(int fd, unsigned long request, ...) {
    static int (*real)(int, unsigned long, void *);
    va_list more;
    va_start(more, request);
    void *argument = va_arg(more, void *);
    va_end(more);
    if (!real) real = (int (*)(int, unsigned long, void *))dlsym(RTLD_NEXT, "ioctl");
    struct camera *camera = (request >> 8 & 0xff) == 'V' ? camera_of(fd) : NULL;
    return camera ? answer(camera, fd, (unsigned)request, argument) : real(fd, request, argument);
}

int close(int fd) { /* as a driver does when a program lets go, however it ends */
    static int (*real)(int);
    if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "close");
    struct camera *camera = camera_of(fd);
    if (camera) camera->streaming = camera->first = camera->count = 0;
    return real(fd);
}
