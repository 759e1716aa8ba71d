//! Charts as SVG, drawn by plotters. Only numbers stand in them: names are of the data, and belong to the page around.
//!
//! plotters knows fixed colours alone. It is given some that nothing else has, which then become variables of the page's style, so that a chart
//! follows light and dark.

use std::collections::BTreeMap;
use std::ops::Range;

use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

/// Colours that stand for those of the page.
const INK: RGBColor = RGBColor(1, 1, 1);
const LINE: RGBColor = RGBColor(2, 2, 2);
const BAR: RGBColor = RGBColor(3, 3, 3);
const BOUND: RGBColor = RGBColor(4, 4, 4);
/// Of the lines of one chart, in turn.
const SERIES: [RGBColor; 6] = [RGBColor(5, 5, 5), RGBColor(6, 6, 6), RGBColor(7, 7, 7), RGBColor(8, 8, 8), RGBColor(9, 9, 9), RGBColor(10, 10, 10)];
/// What they become, in the same order.
const NAMES: [&str; 10] = ["ink", "line", "bar", "bound", "s0", "s1", "s2", "s3", "s4", "s5"];

/// plotters takes the height of a line for the size of the letters, which are a fifth smaller.
const FONT: (&str, u32) = ("sans-serif", 15);

/// The number of a line's colour.
pub fn series(at: usize) -> usize {
    at % SERIES.len()
}

/// Draws, and makes the colours those of the page. A chart that cannot be drawn, having no extent, is empty.
fn drawn(width: u32, height: u32, draw: impl FnOnce(&DrawingArea<SVGBackend<'_>, Shift>) -> Option<()>) -> String {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area();
        if draw(&area).and_then(|()| area.present().ok()).is_none() {
            return String::new();
        }
    }
    for (at, name) in NAMES.iter().enumerate() {
        let grey = format!("#{0:02X}{0:02X}{0:02X}", at + 1);
        svg = svg.replace(&grey, &format!("var(--{name})"));
    }
    svg
}

/// How a value is written on an axis.
type Labels<'a> = &'a dyn Fn(&f64) -> String;

/// A chart's frame with its axes; `x` and `y` write the numbers at them. Lines lie across it at the numbers of `y` where these measure something.
fn frame<'a, 'b>(
    area: &'a DrawingArea<SVGBackend<'b>, Shift>,
    (across, up): (Range<f64>, Range<f64>),
    (x, y): (Labels<'_>, Labels<'_>),
    measures: bool,
) -> Option<ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>> {
    let mut builder = ChartBuilder::on(area);
    let mut chart = builder.margin(6).margin_right(16).x_label_area_size(24).y_label_area_size(46).build_cartesian_2d(across, up).ok()?;
    {
        let mut mesh = chart.configure_mesh();
        if !measures {
            mesh.disable_y_mesh();
        }
        mesh.disable_x_mesh().light_line_style(TRANSPARENT).bold_line_style(LINE).axis_style(LINE);
        mesh.label_style(FONT.into_font().color(&INK)).x_labels(5).y_labels(5).x_label_formatter(x).y_label_formatter(y);
        mesh.draw().ok()?;
    }
    Some(chart)
}

/// Columns: counts by slot, bounds in slots; `from` gives the value at which a slot begins, if it is to be written there.
pub fn bars(counts: &BTreeMap<i64, u64>, bounds: &[f64], from: &dyn Fn(f64) -> Option<f64>) -> String {
    let (Some((first, _)), Some((last, _))) = (counts.first_key_value(), counts.last_key_value()) else { return String::new() };
    let low = bounds.iter().copied().fold(*first as f64, f64::min);
    let high = bounds.iter().copied().fold(*last as f64 + 1.0, f64::max);
    let top = counts.values().copied().max().unwrap_or(0) as f64;
    drawn(320, 170, |area| {
        let mut chart = frame(
            area,
            (low..high, 0.0..top * 1.05),
            (&|slot: &f64| from(*slot).map_or_else(String::new, short), &|count: &f64| if count.fract() == 0.0 { short(*count) } else { String::new() }),
            true,
        )?;
        let bar = |(slot, count): (&i64, &u64)| {
            let mut bar = Rectangle::new([(*slot as f64, 0.0), (*slot as f64 + 1.0, *count as f64)], BAR.filled());
            bar.set_margin(0, 0, 1, 1);
            bar
        };
        chart.draw_series(counts.iter().map(bar)).ok()?;
        let line = |at: &f64| PathElement::new([(*at, 0.0), (*at, top * 1.05)], BOUND.stroke_width(2));
        chart.draw_series(bounds.iter().map(line)).ok()?;
        Some(())
    })
}

/// Lines through points; the colour of line i is that of [`series`].
pub fn lines(lines: &[Vec<(f64, f64)>]) -> String {
    let points = || lines.iter().flatten().filter(|(x, y)| x.is_finite() && y.is_finite());
    let span = |of: fn(&(f64, f64)) -> f64| points().map(of).fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    let ((_, right), (bottom, top)) = (span(|point| point.0), span(|point| point.1));
    if !(right > 0.0 && top > bottom) {
        return String::new();
    }
    let room = (top - bottom) * 0.05;
    drawn(640, 280, |area| {
        let mut chart = frame(area, (0.0..right, bottom - room..top + room), (&|x: &f64| short(*x), &|y: &f64| short(*y)), true)?;
        for (at, line) in lines.iter().enumerate() {
            chart.draw_series(LineSeries::new(line.iter().copied(), SERIES[series(at)].stroke_width(2))).ok()?;
        }
        Some(())
    })
}

/// Intervals under each other, each with its middle, and a line at 0.
pub fn intervals(rows: &[[(f64, [f64; 2]); 2]]) -> String {
    let low = rows.iter().flatten().map(|(_, interval)| interval[0]).fold(0.0, f64::min);
    let high = rows.iter().flatten().map(|(_, interval)| interval[1]).fold(0.0, f64::max);
    if !(high > low && (high - low).is_finite()) {
        return String::new();
    }
    let room = (high - low) * 0.05;
    let count = rows.len() as f64;
    drawn(640, 60 + 28 * rows.len() as u32, |area| {
        // Rows are numbered from 1 at the top, as they are in the table.
        let number =
            |y: &f64| if (y - y.round()).abs() < 0.01 && *y > 0.5 && *y < count + 0.5 { format!("{}", count + 1.0 - y.round()) } else { String::new() };
        let mut chart = frame(area, (low - room..high + room, 0.5..count + 0.5), (&|x: &f64| short(*x), &number), false)?;
        chart.draw_series([PathElement::new([(0.0, 0.5), (0.0, count + 0.5)], BOUND.stroke_width(2))]).ok()?;
        for (at, pair) in rows.iter().enumerate() {
            // The second is slighter, and stands below.
            for ((middle, [from, to]), (below, width)) in pair.iter().zip([(0.0, 3), (0.3, 1)]) {
                let y = count - at as f64 - below;
                chart.draw_series([PathElement::new([(*from, y), (*to, y)], BAR.stroke_width(width))]).ok()?;
                chart.draw_series([Circle::new((*middle, y), 2 + width, BAR.filled())]).ok()?;
            }
        }
        Some(())
    })
}

/// A number in few signs: 1.2k, 0.05.
fn short(value: f64) -> String {
    let size = value.abs();
    let (scaled, unit) = match size {
        1e9.. => (value / 1e9, "G"),
        1e6.. => (value / 1e6, "M"),
        1e3.. => (value / 1e3, "k"),
        _ => (value, ""),
    };
    // Three digits that count; a remainder of arithmetic around 0 is 0.
    let digits = if size < 1e-9 { 0 } else { (2 - scaled.abs().log10().floor() as i32).clamp(0, 6) as usize };
    let text = format!("{scaled:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{}{unit}", if text == "-0" { "0" } else { text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_at_axes_are_short() {
        let told: Vec<String> = [0.0, 0.05, -1e-17, 12.0, 1234.5, 20e6, -0.25, 3e9].map(short).into();
        assert_eq!(told, ["0", "0.05", "0", "12", "1.23k", "20M", "-0.25", "3G"]);
    }

    #[test]
    fn charts_are_of_the_pages_colours_and_hold_what_was_given() {
        let svg = bars(&[(0, 3), (2, 5)].into(), &[1.5], &|slot| Some(slot * 10.0));
        assert_eq!((svg.matches("fill=\"var(--bar)\"").count(), svg.matches("stroke=\"var(--bound)\"").count()), (2, 1), "{svg}");
        let two = lines(&[vec![(0.0, 3.0), (10.0, 1.0)], vec![(0.0, 3.0), (10.0, 2.0)]]);
        assert!(two.contains("var(--s0)") && two.contains("var(--s1)") && !two.contains("#0"), "{two}");
        assert!(intervals(&[[(-0.1, [-0.2, 0.1]), (0.0, [-0.1, 0.1])]]).matches("<circle").count() == 2);
        // What has no extent is no chart, and no panic.
        assert_eq!([lines(&[]), lines(&[vec![(0.0, 1.0)]]), intervals(&[]), bars(&BTreeMap::new(), &[], &|_| None)], [(); 4].map(|()| String::new()));
        assert_eq!(lines(&[vec![(1.0, f64::NAN), (2.0, f64::INFINITY)]]), "");
    }
}
