//! A cell of an Arrow table as a JSON value.

use arrow::array::{Array, AsArray, cast::as_primitive_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, UInt64Type};
use arrow::error::ArrowError;
use arrow::util::display::array_value_to_string;
use serde_json::{Map, Value};

/// Nesting beyond this is written as Arrow prints it.
const MAX_DEPTH: usize = 32;

/// The value in row `row`, which must be inside the array. Dates, times and decimals become texts as Arrow prints them; bytes
/// that are not UTF-8 become hexadecimal text; numbers that JSON cannot hold (NaN) become null.
pub fn value(array: &dyn Array, row: usize) -> Result<Value, ArrowError> {
    nested(array, row, MAX_DEPTH)
}

fn nested(array: &dyn Array, row: usize, depth: usize) -> Result<Value, ArrowError> {
    if array.is_null(row) || array.data_type() == &DataType::Null {
        return Ok(Value::Null);
    }
    let list = |items: &dyn Array| -> Result<Value, ArrowError> {
        (0..items.len()).map(|at| nested(items, at, depth - 1)).collect::<Result<_, _>>().map(Value::Array)
    };
    Ok(match array.data_type() {
        DataType::Boolean => array.as_boolean().value(row).into(),
        DataType::Utf8 => array.as_string::<i32>().value(row).into(),
        DataType::LargeUtf8 => array.as_string::<i64>().value(row).into(),
        DataType::Utf8View => array.as_string_view().value(row).into(),
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => {
            let wide = cast(&array.slice(row, 1), &DataType::Int64)?;
            as_primitive_array::<Int64Type>(&wide).value(0).into()
        }
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 => {
            let wide = cast(&array.slice(row, 1), &DataType::UInt64)?;
            as_primitive_array::<UInt64Type>(&wide).value(0).into()
        }
        DataType::Float16 | DataType::Float32 | DataType::Float64 => {
            let wide = cast(&array.slice(row, 1), &DataType::Float64)?;
            as_primitive_array::<Float64Type>(&wide).value(0).into()
        }
        DataType::Dictionary(_, values) => nested(&cast(&array.slice(row, 1), values)?, 0, depth - 1)?,
        DataType::List(_) if depth > 0 => list(&array.as_list::<i32>().value(row))?,
        DataType::LargeList(_) if depth > 0 => list(&array.as_list::<i64>().value(row))?,
        DataType::FixedSizeList(..) if depth > 0 => list(&array.as_fixed_size_list().value(row))?,
        DataType::Struct(fields) if depth > 0 => {
            let columns = array.as_struct();
            let mut object = Map::new();
            for (field, column) in fields.iter().zip(columns.columns()) {
                object.insert(field.name().clone(), nested(column, row, depth - 1)?);
            }
            Value::Object(object)
        }
        _ => match bytes(array, row) {
            Some(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => text.into(),
                Err(_) => bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into(),
            },
            None => array_value_to_string(array, row)?.into(),
        },
    })
}

/// The bytes in row `row` of a column of bytes; `None` for other columns and for null.
pub fn bytes(array: &dyn Array, row: usize) -> Option<&[u8]> {
    if array.is_null(row) {
        return None;
    }
    match array.data_type() {
        DataType::Binary => Some(array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => Some(array.as_binary::<i64>().value(row)),
        DataType::BinaryView => Some(array.as_binary_view().value(row)),
        DataType::FixedSizeBinary(_) => Some(array.as_fixed_size_binary().value(row)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, BinaryArray, Date32Array, Float32Array, Int8Array, ListArray, StringArray, StructArray, UInt64Array};
    use arrow::datatypes::{Field, Int32Type};
    use serde_json::json;

    use super::*;

    #[test]
    fn values_of_every_kind() {
        let list = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None])]);
        let inner: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
        let object = StructArray::from(vec![(Arc::new(Field::new("k", DataType::Utf8, true)), inner)]);
        let columns: [(ArrayRef, Value); 9] = [
            (Arc::new(Int8Array::from(vec![-3])), json!(-3)),
            (Arc::new(UInt64Array::from(vec![u64::MAX])), json!(u64::MAX)),
            (Arc::new(Float32Array::from(vec![0.5])), json!(0.5)),
            (Arc::new(Float32Array::from(vec![f32::NAN])), json!(null)),
            (Arc::new(StringArray::from(vec![None::<&str>])), json!(null)),
            (Arc::new(list), json!([1, null])),
            (Arc::new(object), json!({"k": "x"})),
            (Arc::new(Date32Array::from(vec![1])), json!("1970-01-02")),
            (Arc::new(BinaryArray::from(vec![&b"\xff\x00"[..]])), json!("ff00")),
        ];
        for (array, wanted) in columns {
            assert_eq!(value(&array, 0).unwrap(), wanted, "{:?}", array.data_type());
        }
    }
}
