//! Arrow data in and out by the C interface of any library (`__arrow_c_stream__`, `__arrow_c_array__`): nothing is copied on the way.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryViewArray, LargeBinaryArray, LargeStringArray, RecordBatch, StringArray, StringViewArray, StructArray,
};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};
use pyo3_arrow::ffi::{ArrayIterator, to_stream_pycapsule};
use pyo3_arrow::input::AnyArray;

use crate::errors;

/// A table that other libraries read by the Arrow C interface, as `pyarrow.table(table)` or `polars.DataFrame(table)`.
#[pyclass(frozen, module = "dataprep")]
pub struct Table {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl Table {
    /// Of batches of one schema.
    pub fn new(schema: SchemaRef, batches: Vec<RecordBatch>) -> Table {
        Table { schema, batches }
    }
}

#[pymethods]
impl Table {
    /// The names of the columns.
    #[getter]
    fn column_names(&self) -> Vec<String> {
        self.schema.fields().iter().map(|field| field.name().clone()).collect()
    }

    fn __len__(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    fn __repr__(&self) -> String {
        format!("dataprep.Table({} rows of {})", self.__len__(), self.column_names().join(", "))
    }

    /// The columns as lists of Python values.
    fn to_pydict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let columns = PyDict::new(py);
        for (at, field) in self.schema.fields().iter().enumerate() {
            let mut values: Vec<Py<PyAny>> = Vec::new();
            for batch in &self.batches {
                let column = batch.column(at);
                for row in 0..batch.num_rows() {
                    values.push(python(py, column, row)?);
                }
            }
            columns.set_item(field.name(), values)?;
        }
        Ok(columns)
    }

    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(&self, py: Python<'py>, requested_schema: Option<Bound<'py, PyCapsule>>) -> PyResult<Bound<'py, PyCapsule>> {
        let field = Arc::new(Field::new_struct("", self.schema.fields().clone(), false));
        let chunks: Vec<_> = self.batches.iter().map(|batch| Ok(Arc::new(StructArray::from(batch.clone())) as ArrayRef)).collect();
        Ok(to_stream_pycapsule(py, Box::new(ArrayIterator::new(chunks, field)), requested_schema)?)
    }
}

/// A value of a column of the types that tables are made of here.
fn python(py: Python<'_>, column: &ArrayRef, row: usize) -> PyResult<Py<PyAny>> {
    use arrow::datatypes::{Float64Type, Int64Type, UInt32Type, UInt64Type};
    if column.is_null(row) {
        return Ok(py.None());
    }
    Ok(match column.data_type() {
        DataType::Boolean => column.as_boolean().value(row).into_pyobject(py)?.to_owned().into_any().unbind(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).into_pyobject(py)?.into_any().unbind(),
        DataType::UInt32 => column.as_primitive::<UInt32Type>().value(row).into_pyobject(py)?.into_any().unbind(),
        DataType::UInt64 => column.as_primitive::<UInt64Type>().value(row).into_pyobject(py)?.into_any().unbind(),
        DataType::Float64 => column.as_primitive::<Float64Type>().value(row).into_pyobject(py)?.into_any().unbind(),
        DataType::List(_) => {
            let list = column.as_list::<i32>().value(row);
            let values: Vec<Py<PyAny>> = (0..list.len()).map(|at| python(py, &list, at)).collect::<PyResult<_>>()?;
            values.into_pyobject(py)?.into_any().unbind()
        }
        _ => match Texts::of(column).and_then(|texts| texts.get(row).map(str::to_owned)) {
            Some(text) => text.into_pyobject(py)?.into_any().unbind(),
            None => py.None(),
        },
    })
}

/// What came in: chunks of one type, of which a struct is a table.
pub struct Chunks {
    pub chunks: Vec<ArrayRef>,
    pub data_type: DataType,
}

impl Chunks {
    /// Reads an object of the Arrow C interface.
    pub fn read(object: &Bound<'_, PyAny>) -> PyResult<Chunks> {
        if !object.hasattr("__arrow_c_array__")? && !object.hasattr("__arrow_c_stream__")? {
            let kind = object.get_type().name()?;
            let wanted = "wanted a table, batch or column of pyarrow, polars, duckdb or another library with `__arrow_c_stream__`";
            return Err(PyTypeError::new_err(format!("{kind} is no Arrow data: {wanted}")));
        }
        let array: AnyArray = object.extract()?;
        let data_type = array.field()?.data_type().clone();
        let reader = array.into_reader()?;
        let chunks = object.py().detach(|| reader.collect::<Result<Vec<_>, _>>()).map_err(errors::other)?;
        Ok(Chunks { chunks, data_type })
    }

    /// All of it as one batch, which must be a table.
    pub fn into_batch(self) -> Result<RecordBatch, String> {
        let DataType::Struct(fields) = &self.data_type else { return Err(format!("wanted a table, not a column of {}", self.data_type)) };
        let schema = Arc::new(Schema::new(fields.clone()));
        if self.chunks.iter().any(|chunk| chunk.null_count() > 0) {
            return Err("wanted a table, not a column of structs of which some are null".to_owned());
        }
        let batches: Vec<RecordBatch> = self.chunks.iter().map(|chunk| RecordBatch::from(chunk.as_struct())).collect();
        concat_batches(&schema, &batches).map_err(|error| error.to_string())
    }
}

/// One chunk: a column by itself, or columns by name.
pub struct Chunk<'a> {
    pub rows: usize,
    /// The name under which a column by itself goes.
    pub alone: &'a str,
    pub array: &'a ArrayRef,
}

impl Chunk<'_> {
    /// The column of that name, if there is one.
    pub fn column(&self, name: &str) -> Option<ArrayRef> {
        match self.array.as_struct_opt() {
            Some(table) => table.column_by_name(name).cloned(),
            None => (name == self.alone).then(|| self.array.clone()),
        }
    }

    /// The same, which must be there.
    pub fn needed(&self, name: &str) -> PyResult<ArrayRef> {
        self.column(name).ok_or_else(|| {
            let has = self.array.as_struct_opt().map_or_else(|| self.alone.to_owned(), |table| table.column_names().join(", "));
            PyValueError::new_err(format!("there is no column `{name}` among: {has}"))
        })
    }
}

/// A column of texts of any Arrow type.
pub enum Texts {
    Small(StringArray),
    Large(LargeStringArray),
    View(StringViewArray),
}

impl Texts {
    /// `None` where it holds no texts.
    pub fn of(column: &ArrayRef) -> Option<Texts> {
        Some(match column.data_type() {
            DataType::Utf8 => Texts::Small(column.as_string::<i32>().clone()),
            DataType::LargeUtf8 => Texts::Large(column.as_string::<i64>().clone()),
            DataType::Utf8View => Texts::View(column.as_string_view().clone()),
            DataType::Null | DataType::Dictionary(..) => Texts::Large(cast(column, &DataType::LargeUtf8).ok()?.as_string::<i64>().clone()),
            _ => return None,
        })
    }

    /// The same, with a complaint that names the column.
    pub fn named(name: &str, column: &ArrayRef) -> PyResult<Texts> {
        Texts::of(column).ok_or_else(|| PyTypeError::new_err(format!("the column `{name}` holds {}, not texts", column.data_type())))
    }

    pub fn get(&self, row: usize) -> Option<&str> {
        match self {
            Texts::Small(array) => array.is_valid(row).then(|| array.value(row)),
            Texts::Large(array) => array.is_valid(row).then(|| array.value(row)),
            Texts::View(array) => array.is_valid(row).then(|| array.value(row)),
        }
    }
}

/// A column of pages: bytes as fetched, or texts that somebody has decoded.
pub enum Pages {
    Small(BinaryArray),
    Large(LargeBinaryArray),
    View(BinaryViewArray),
    Decoded(Texts),
}

impl Pages {
    pub fn named(name: &str, column: &ArrayRef) -> PyResult<Pages> {
        Ok(match column.data_type() {
            DataType::Binary => Pages::Small(column.as_binary::<i32>().clone()),
            DataType::LargeBinary => Pages::Large(column.as_binary::<i64>().clone()),
            DataType::BinaryView => Pages::View(column.as_binary_view().clone()),
            _ => Pages::Decoded(Texts::of(column).ok_or_else(|| PyTypeError::new_err(format!("the column `{name}` holds {}, not pages", column.data_type())))?),
        })
    }

    /// The bytes, and whether they are UTF-8 for certain.
    pub fn get(&self, row: usize) -> Option<(&[u8], bool)> {
        Some(match self {
            Pages::Small(array) => (array.is_valid(row).then(|| array.value(row))?, false),
            Pages::Large(array) => (array.is_valid(row).then(|| array.value(row))?, false),
            Pages::View(array) => (array.is_valid(row).then(|| array.value(row))?, false),
            Pages::Decoded(texts) => (texts.get(row)?.as_bytes(), true),
        })
    }
}
