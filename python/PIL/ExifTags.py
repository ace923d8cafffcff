"""PIL.ExifTags: names of the tags that are asked for most."""

from enum import IntEnum


class Base(IntEnum):
    ImageWidth = 0x0100
    ImageLength = 0x0101
    BitsPerSample = 0x0102
    ImageDescription = 0x010E
    Make = 0x010F
    Model = 0x0110
    Orientation = 0x0112
    XResolution = 0x011A
    YResolution = 0x011B
    ResolutionUnit = 0x0128
    Software = 0x0131
    DateTime = 0x0132
    Artist = 0x013B
    Copyright = 0x8298
    ExposureTime = 0x829A
    FNumber = 0x829D
    ExifOffset = 0x8769
    GPSInfo = 0x8825
    ISOSpeedRatings = 0x8827
    DateTimeOriginal = 0x9003
    DateTimeDigitized = 0x9004
    ExposureBiasValue = 0x9204
    Flash = 0x9209
    FocalLength = 0x920A
    ColorSpace = 0xA001
    ExifImageWidth = 0xA002
    ExifImageHeight = 0xA003
    LensModel = 0xA434


class IFD(IntEnum):
    Exif = 0x8769
    GPSInfo = 0x8825
    Interop = 0xA005


TAGS = {tag.value: tag.name for tag in Base}
GPSTAGS = {0: "GPSVersionID", 1: "GPSLatitudeRef", 2: "GPSLatitude", 3: "GPSLongitudeRef", 4: "GPSLongitude", 5: "GPSAltitudeRef",
           6: "GPSAltitude", 7: "GPSTimeStamp", 29: "GPSDateStamp"}
