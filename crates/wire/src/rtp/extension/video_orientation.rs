//! Coordination of video orientation: 3GPP TS 26.114 section 7.4.5.

use crate::WireError;

/// How the receiver must turn the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VideoOrientation {
    /// Back-facing camera.
    pub back_camera: bool,
    /// Mirrored horizontally.
    pub flipped: bool,
    /// Degrees clockwise: 0, 90, 180, 270.
    pub rotation: u16,
}

impl VideoOrientation {
    /// Reads the value's single byte (0000CFRR).
    ///
    /// # Errors
    /// [`WireError::InvalidField`] for another length.
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
    fn camera_flip_and_rotation() {
        let expected = VideoOrientation {
            back_camera: true,
            flipped: false,
            rotation: 270,
        };
        assert_eq!(VideoOrientation::parse(&[0x0B]), Ok(expected));
        assert_eq!(VideoOrientation::parse(&[]), Err(WireError::InvalidField));
    }
}
