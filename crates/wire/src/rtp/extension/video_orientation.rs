//! Coordination of video orientation (CVO): 3GPP TS 26.114 section 7.4.5.

use crate::WireError;

/// The rotation that the receiver must apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VideoOrientation {
    /// The C bit: the camera faces back.
    pub back_camera: bool,
    /// The F bit: the image is flipped horizontally.
    pub flipped: bool,
    /// Rotation in degrees clockwise: 0, 90, 180 or 270.
    pub rotation: u16,
}

impl VideoOrientation {
    /// Reads the single byte of the value (0000CFRR).
    ///
    /// # Errors
    /// [`WireError::InvalidField`] when the length is not 1.
    pub fn parse(value: &[u8]) -> Result<Self, WireError> {
        let [byte] = value else {
            return Err(WireError::InvalidField);
        };
        Ok(Self {
            back_camera: byte & 8 != 0,
            flipped: byte & 4 != 0,
            rotation: 90 * u16::from(byte & 3),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn camera_flip_and_rotation_are_read() {
        let expected = VideoOrientation {
            back_camera: true,
            flipped: false,
            rotation: 270,
        };
        assert_eq!(VideoOrientation::parse(&[0x0B]), Ok(expected));
        let flipped = VideoOrientation {
            back_camera: false,
            flipped: true,
            rotation: 0,
        };
        assert_eq!(VideoOrientation::parse(&[0x04]), Ok(flipped));
        assert_eq!(VideoOrientation::parse(&[]), Err(WireError::InvalidField));
    }
}
