//! Parquet files inside archives, each held in memory while it is read.

use std::io::Read as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::super::archive::{self, Section, is_named};
use super::super::fields::Rows;
use super::{RowReader, State, guarded};
use crate::stage::{Read, Reader, Result, RunError};

/// Members of an archive that are Parquet files, told by their names.
pub(super) struct TableMembers {
    /// Of the archive.
    pub(super) path: PathBuf,
    pub(super) rows: Arc<dyn Rows>,
}

impl archive::Form for TableMembers {
    fn open(&self, name: &str, section: Section) -> Result<Option<Box<dyn Reader>>> {
        member(name, section, &self.path, &self.rows)
    }
}

/// A larger member is not held in memory.
const LARGEST_MEMBER: u64 = 1 << 30;

/// Reads the rows of a member of the archive at `path`; `None` where it is no Parquet file by its name.
pub(in super::super) fn member(name: &str, mut section: Section, path: &Path, rows: &Arc<dyn Rows>) -> Result<Option<Box<dyn Reader>>> {
    if !is_named(name, &[".parquet"]) {
        return Ok(None);
    }
    let size = section.len();
    let mut held = Held { groups: 0..0, bytes: Bytes::new(), current: None, form: rows.clone(), path: path.to_owned(), row: 0 };
    if size > LARGEST_MEMBER {
        let detail = format!("a Parquet file of {size} bytes is not held in memory; unpack the archive");
        held.current = Some(RowReader::new(State::Broken("member_too_large", detail), path, rows.clone()));
        return Ok(Some(Box::new(held)));
    }
    let mut bytes = Vec::with_capacity(size as usize);
    section.read_to_end(&mut bytes).map_err(RunError::file("cannot read", path))?;
    held.bytes = bytes.into();
    match guarded(|| ParquetRecordBatchReaderBuilder::try_new(held.bytes.clone())) {
        Ok(Ok(builder)) => held.groups = 0..builder.metadata().num_row_groups(),
        // It says why, once.
        _ => held.current = Some(RowReader::open(held.bytes.clone(), 0, 0, path, rows.clone())),
    }
    Ok(Some(Box::new(held)))
}

/// A Parquet file in memory, read row group after row group. A broken one ends itself alone.
struct Held {
    bytes: Bytes,
    /// Those still to be read.
    groups: Range<usize>,
    current: Option<RowReader>,
    form: Arc<dyn Rows>,
    path: PathBuf,
    /// Rows of the groups before the current one.
    row: u64,
}

impl Reader for Held {
    fn next(&mut self) -> Result<Option<Read>> {
        loop {
            if let Some(reader) = &mut self.current {
                if let Some(mut read) = reader.next()? {
                    match &mut read {
                        Read::Doc(doc) => doc.origin.offset += self.row,
                        Read::Fault(fault) => fault.offset += self.row,
                        Read::Skip(_) => {}
                    }
                    return Ok(Some(read));
                }
                self.row += reader.rows;
            }
            let Some(group) = self.groups.next() else { return Ok(None) };
            self.current = Some(RowReader::open(self.bytes.clone(), group, 0, &self.path, self.form.clone()));
        }
    }

    /// An archive counts the items of a member itself.
    fn position(&self) -> u64 {
        self.row
    }

    fn consumed(&self) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use arrow::array::{ArrayRef, StringArray};

    use super::super::super::archive::tests::tar;
    use super::super::super::fields::Fields;
    use super::super::super::jsonl::outline;
    use super::super::Parquet;
    use super::super::tests::write;
    use super::*;
    use crate::stage::{Built, OneOrMany, Recipe, Shop};

    #[test]
    fn archives_stand_for_their_members() {
        let dir = tempfile::tempdir().unwrap();
        let one = |name: &str, texts: &[&str]| {
            let path = dir.path().join(name);
            let text: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
            write(&path, vec![("text", text)]);
            std::fs::read(path).unwrap()
        };
        let (sound, mut torn) = (one("a", &["a1", "a2", "a3"]), one("b", &["b1", "b2", "b3", "b4", "b5"]));
        // The first of its row groups, of two rows each.
        torn[4..40].fill(0xa5);
        let archive = tar(&[
            ("a.parquet", b'0', &sound),
            ("readme.md", b'0', b"#"),
            ("x.PARQUET", b'0', b"no parquet"),
            ("torn.parquet", b'0', &torn),
            ("c.jsonl", b'0', b"{\"text\": \"c\"}\n"),
        ]);
        let path = dir.path().join("x.tar.zst");
        std::fs::write(&path, zstd::bulk::compress(&archive, 1).unwrap()).unwrap();
        let recipe = Parquet { path: OneOrMany(vec![path.display().to_string()]), fields: Fields::default() };
        let (mut tags, mut files) = (crate::doc::TagTable::default(), BTreeSet::new());
        let mut shop = Shop { stage: "parquet", seed: 0, tags: &mut tags, reasons: Vec::new(), files: &mut files };
        let Ok(Built::Source(source)) = recipe.build(&mut shop) else { panic!("no source") };
        assert_eq!(outline(source.as_ref()), ["a1", "a2", "a3", "<other_member>", "[not_parquet]", "[corrupt_data]", "b3", "b4", "b5", "<other_member>"]);
        let mut reader = source.open(&source.splits().unwrap()[0], None).unwrap();
        let third = (0..3).map(|_| reader.next().unwrap()).last();
        let Some(Some(Read::Doc(doc))) = third else { panic!("no document") };
        assert_eq!((doc.origin.member.as_deref(), doc.origin.offset), (Some("a.parquet"), 2));
        // A source of rows of any form reads both kinds of members.
        let both = super::super::super::row_files::RowFiles::expand(&OneOrMany(vec![path.display().to_string()]), Arc::new(Fields::default()), 1000);
        let both = both.unwrap_or_else(|_| panic!("the file is there"));
        assert_eq!(outline(&both).last().unwrap(), "c");
    }
}
