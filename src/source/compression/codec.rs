//! One decoder per compression format behind one stepwise call, so that a member's exact end in the file is known.

use std::io;

use crc32fast::Hasher;
use flate2::{Decompress, FlushDecompress};
use liblzma::stream::{Action, Stream};
use zstd::stream::raw::{Decoder as ZstdDecoder, InBuffer, Operation, OutBuffer};

use super::Format;

/// Most memory an xz stream may ask for; larger dictionaries than 128 MiB are not met in practice.
const XZ_MEMORY: u64 = 256 << 20;
/// A gzip header longer than this (a name or a comment without end) is taken for damage.
const MAX_GZIP_HEADER: usize = 64 << 10;

/// What one call of [`Codec::step`] did.
pub(super) struct Step {
    /// Bytes of input used up.
    pub consumed: usize,
    /// The member (gzip member, zstd frame, bzip2 or xz stream) is complete and its checksum right.
    pub ended: bool,
}

pub(super) enum Codec {
    Plain,
    Gzip(Box<Gzip>),
    Zstd(ZstdDecoder<'static>),
    Bzip2(bzip2::Decompress),
    Xz(Stream),
}

impl Codec {
    pub fn new(format: Format) -> io::Result<Self> {
        Ok(match format {
            Format::Plain => Self::Plain,
            Format::Gzip => Self::Gzip(Box::new(Gzip::new())),
            Format::Zstd => Self::Zstd(ZstdDecoder::new()?),
            Format::Bzip2 => Self::Bzip2(bzip2::Decompress::new(false)),
            Format::Xz => Self::Xz(Stream::new_stream_decoder(XZ_MEMORY, 0)?),
        })
    }

    /// A zstd decoder for frames that were compressed with a dictionary.
    pub fn with_dictionary(dictionary: &[u8]) -> io::Result<Self> {
        Ok(Self::Zstd(ZstdDecoder::with_dictionary(dictionary)?))
    }

    /// Makes the decoder ready for a member's first byte.
    pub fn begin(&mut self) -> io::Result<()> {
        match self {
            Self::Plain => {}
            Self::Gzip(gzip) => gzip.begin(),
            Self::Zstd(decoder) => decoder.reinit()?,
            Self::Bzip2(decoder) => *decoder = bzip2::Decompress::new(false),
            Self::Xz(stream) => *stream = Stream::new_stream_decoder(XZ_MEMORY, 0)?,
        }
        Ok(())
    }

    /// Decodes from `input` into the spare capacity of `out`. Nothing used and nothing written means that more input is
    /// needed. The error says what is wrong with the data.
    pub fn step(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<Step, String> {
        match self {
            Self::Plain => {
                let consumed = input.len().min(out.capacity() - out.len());
                out.extend_from_slice(&input[..consumed]);
                Ok(Step { consumed, ended: false })
            }
            Self::Gzip(gzip) => gzip.step(input, out),
            Self::Zstd(decoder) => {
                let mut source = InBuffer::around(input);
                let filled = out.len();
                let hint = decoder.run(&mut source, &mut OutBuffer::around_pos(out, filled)).map_err(|error| format!("zstd: {error}"))?;
                Ok(Step { consumed: source.pos(), ended: hint == 0 && source.pos() > 0 })
            }
            Self::Bzip2(decoder) => {
                let before = decoder.total_in();
                let status = decoder.decompress_vec(input, out).map_err(|error| format!("bzip2: {error}"))?;
                let consumed = (decoder.total_in() - before) as usize;
                Ok(Step { consumed, ended: status == bzip2::Status::StreamEnd })
            }
            Self::Xz(stream) => {
                let before = stream.total_in();
                let status = stream.process_vec(input, out, Action::Run).map_err(|error| format!("xz: {error}"))?;
                let consumed = (stream.total_in() - before) as usize;
                Ok(Step { consumed, ended: status == liblzma::stream::Status::StreamEnd })
            }
        }
    }
}

/// A gzip member (RFC 1952): the frame is read here, the deflate data by zlib-rs, whose state is kept from
/// member to member; its own checksum runs without carry-less multiplication and cost a fifth of the time.
pub(super) struct Gzip {
    inflate: Decompress,
    crc: Hasher,
    stage: GzipStage,
}

#[derive(PartialEq)]
enum GzipStage {
    Header,
    Data,
    Trailer,
}

impl Gzip {
    fn new() -> Self {
        Self { inflate: Decompress::new(false), crc: Hasher::new(), stage: GzipStage::Header }
    }

    fn begin(&mut self) {
        self.inflate.reset(false);
        self.crc.reset();
        self.stage = GzipStage::Header;
    }

    fn step(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<Step, String> {
        let mut consumed = 0;
        if self.stage == GzipStage::Header {
            match header_len(input)? {
                Some(len) => consumed = len,
                None if input.len() > MAX_GZIP_HEADER => return Err("gzip: header without end".into()),
                None => return Ok(Step { consumed: 0, ended: false }),
            }
            self.stage = GzipStage::Data;
        }
        if self.stage == GzipStage::Data {
            let (used, filled) = (self.inflate.total_in(), out.len());
            let status = self.inflate.decompress_vec(&input[consumed..], out, FlushDecompress::None).map_err(|error| format!("gzip: {error}"))?;
            consumed += (self.inflate.total_in() - used) as usize;
            self.crc.update(&out[filled..]);
            if status != flate2::Status::StreamEnd {
                return Ok(Step { consumed, ended: false });
            }
            self.stage = GzipStage::Trailer;
        }
        let Some(trailer) = input[consumed..].first_chunk::<8>() else {
            return Ok(Step { consumed, ended: false });
        };
        let [a, b, c, d, ..] = *trailer;
        if u32::from_le_bytes([a, b, c, d]) != self.crc.clone().finalize() {
            return Err("gzip: wrong checksum".into());
        }
        let [.., a, b, c, d] = *trailer;
        if u32::from_le_bytes([a, b, c, d]) != self.inflate.total_out() as u32 {
            return Err("gzip: wrong length in the trailer".into());
        }
        Ok(Step { consumed: consumed + 8, ended: true })
    }
}

/// Length of the gzip header that `input` starts with, `None` when it goes on past the end of `input`.
fn header_len(input: &[u8]) -> Result<Option<usize>, String> {
    let Some(fixed) = input.first_chunk::<10>() else { return Ok(None) };
    let flags = fixed[3];
    if fixed[..3] != [0x1f, 0x8b, 8] || flags & 0xe0 != 0 {
        return Err("gzip: not a member header".into());
    }
    let mut at = 10;
    if flags & 4 != 0 {
        let Some(len) = input[at..].first_chunk::<2>() else { return Ok(None) };
        at += 2 + usize::from(u16::from_le_bytes(*len));
    }
    for flag in [8, 16] {
        if flags & flag != 0 {
            let Some(end) = input.get(at..).and_then(|rest| memchr::memchr(0, rest)) else { return Ok(None) };
            at += end + 1;
        }
    }
    if flags & 2 != 0 {
        at += 2;
    }
    Ok((at <= input.len()).then_some(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_headers_with_every_field_are_measured() {
        let mut header = vec![0x1f, 0x8b, 8, 0b1_1110, 0, 0, 0, 0, 0, 3];
        header.extend([2, 0, b'x', b'y']);
        header.extend(b"name\0comment\0");
        header.extend([0, 0]);
        assert_eq!(header_len(&header), Ok(Some(header.len())));
        for cut in 0..header.len() {
            assert_eq!(header_len(&header[..cut]), Ok(None), "cut at {cut}");
        }
    }

    #[test]
    fn reserved_flags_are_refused() {
        assert!(header_len(&[0x1f, 0x8b, 8, 0x20, 0, 0, 0, 0, 0, 3]).is_err());
    }
}
