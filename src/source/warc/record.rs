//! What a WARC or ARC file holds: records, and faults for every stretch of bytes that is none.

use crate::source::compression::Position;

/// What a record is, by its `WARC-Type`. The first record of an ARC file is its `Warcinfo`; every other one is a `Response`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// About the file.
    Warcinfo,
    /// What was asked.
    Request,
    /// What was answered.
    Response,
    /// A file without an exchange.
    Resource,
    /// About another record.
    Metadata,
    /// An answer seen before, without its body.
    Revisit,
    /// Text or metadata made of another record, as in WET files.
    Conversion,
    /// The rest of a record cut in two.
    Continuation,
    /// Any other type.
    Other,
}

impl Kind {
    /// Reads a `WARC-Type` value.
    pub fn of(name: &str) -> Self {
        let kinds = [
            ("response", Self::Response),
            ("request", Self::Request),
            ("metadata", Self::Metadata),
            ("warcinfo", Self::Warcinfo),
            ("conversion", Self::Conversion),
            ("resource", Self::Resource),
            ("revisit", Self::Revisit),
            ("continuation", Self::Continuation),
        ];
        kinds.into_iter().find(|(known, _)| name.eq_ignore_ascii_case(known)).map_or(Self::Other, |(_, kind)| kind)
    }

    /// The name that reports use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Warcinfo => "warcinfo",
            Self::Request => "request",
            Self::Response => "response",
            Self::Resource => "resource",
            Self::Metadata => "metadata",
            Self::Revisit => "revisit",
            Self::Conversion => "conversion",
            Self::Continuation => "continuation",
            Self::Other => "other_record",
        }
    }
}

/// One record. Header values that are not UTF-8 are read as Latin-1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it is.
    pub kind: Kind,
    /// `WARC-Record-ID` without its brackets; empty in ARC files.
    pub id: String,
    /// Target URI without brackets, as written otherwise; empty where the record has none.
    pub url: String,
    /// As written: ISO 8601 in WARC, 14 digits in ARC.
    pub date: String,
    /// Status of the HTTP response; `None` where the record holds no HTTP head.
    pub http_status: Option<u16>,
    /// The HTTP head's `Content-Type`, else the record's own; empty where there is none.
    pub content_type: String,
    /// The payload: after the HTTP head, with transfer and content coding undone. Of records that are no response, the block.
    pub body: Vec<u8>,
    /// The crawler says that it cut the body (`WARC-Truncated`), or its coding ends early; `body` is what there is.
    pub truncated: bool,
    /// Where the record starts; reading from here gives it first.
    pub position: Position,
}

/// Bytes that gave no record, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// Where the faulty bytes start.
    pub position: Position,
    /// Where reading goes on.
    pub end: Position,
    /// What was found, for a person.
    pub detail: String,
}

/// Why bytes gave no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The file has no bytes, or its members hold none.
    EmptyFile,
    /// The file holds no record at all.
    NotAWarc,
    /// Bytes between records that belong to none.
    Garbage,
    /// A record whose header cannot be read.
    BadHeader,
    /// `Content-Length` does not lead to the record's end.
    WrongLength,
    /// The file ends inside the record.
    Truncated,
    /// Compressed data that cannot be decoded, or with a wrong checksum.
    CorruptData,
    /// The record, or its payload decoded, is larger than the bound.
    TooLarge,
    /// The HTTP head does not end within its bound.
    BadHttp,
}

impl FaultKind {
    /// The name that reports use as a drop reason.
    pub fn name(self) -> &'static str {
        match self {
            Self::EmptyFile => "empty_file",
            Self::NotAWarc => "not_a_warc",
            Self::Garbage => "garbage_between_records",
            Self::BadHeader => "bad_record_header",
            Self::WrongLength => "wrong_record_length",
            Self::Truncated => "truncated_record",
            Self::CorruptData => "corrupt_data",
            Self::TooLarge => "record_too_large",
            Self::BadHttp => "bad_http_head",
        }
    }

    /// Every kind, in the order of the type.
    pub const ALL: [Self; 9] =
        [Self::EmptyFile, Self::NotAWarc, Self::Garbage, Self::BadHeader, Self::WrongLength, Self::Truncated, Self::CorruptData, Self::TooLarge, Self::BadHttp];
}

/// What the reader gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A sound record.
    Record(Record),
    /// Bytes that are none.
    Fault(Fault),
}

impl Item {
    /// Where it starts.
    pub fn position(&self) -> Position {
        match self {
            Self::Record(record) => record.position,
            Self::Fault(fault) => fault.position,
        }
    }
}
