//! A view: a text as some reader would decode it, with a map from each byte back to the original.
//!
//! Rewriting a view gives the next one; markers already standing in the text are carried over
//! untouched, and no rewriting or match reaches across one.

use std::borrow::Cow;
use std::ops::Range;

/// One way to read a text.
pub(crate) struct View<'t> {
    text: Cow<'t, str>,
    fixed: Vec<Range<usize>>,
    maps: Vec<Vec<Segment>>,
}

/// A stretch of a rewritten text and where it came from.
struct Segment {
    at: usize,
    from: usize,
    to: usize,
    /// Copied byte for byte, so that positions inside it map one to one.
    straight: bool,
}

impl<'t> View<'t> {
    /// The text as it stands; `fixed` are its markers, in order.
    pub(crate) fn new(text: &'t str, fixed: Vec<Range<usize>>) -> Self {
        Self {
            text: Cow::Borrowed(text),
            fixed,
            maps: Vec::new(),
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn into_text(self) -> Cow<'t, str> {
        self.text
    }

    pub(crate) fn has_markers(&self) -> bool {
        !self.fixed.is_empty()
    }

    /// The stretches between the markers.
    pub(crate) fn pieces(&self) -> Vec<Range<usize>> {
        let mut pieces = Vec::with_capacity(self.fixed.len() + 1);
        let mut at = 0;
        for fixed in &self.fixed {
            pieces.push(at..fixed.start);
            at = fixed.end;
        }
        pieces.push(at..self.text.len());
        pieces.retain(|piece| !piece.is_empty());
        pieces
    }

    /// Where a stretch of this view stands in the original.
    pub(crate) fn origin(&self, mut range: Range<usize>) -> Range<usize> {
        for map in self.maps.iter().rev() {
            let start = segment_at(map, range.start).map_or(range.start, |segment| {
                if segment.straight {
                    segment.from + (range.start - segment.at)
                } else {
                    segment.from
                }
            });
            let end = segment_at(map, range.end.saturating_sub(1)).map_or(range.end, |segment| {
                if segment.straight {
                    segment.from + (range.end - segment.at)
                } else {
                    segment.to
                }
            });
            range = start..end;
        }
        range
    }

    /// The view after `form` has been applied between the markers; true if anything changed.
    pub(crate) fn rewrite(mut self, form: fn(&str, &mut Writer<'_>)) -> (Self, bool) {
        let mut writer = Writer::new(&self.text);
        let mut fixed = Vec::with_capacity(self.fixed.len());
        let mut at = 0;
        for marker in &self.fixed {
            form(cut(&self.text, at..marker.start), &mut writer);
            let start = writer.out.len();
            writer.keep(marker.len());
            fixed.push(start..writer.out.len());
            at = marker.end;
        }
        form(cut(&self.text, at..self.text.len()), &mut writer);
        if !writer.changed {
            return (self, false);
        }
        let Writer { out, segments, .. } = writer;
        self.maps.push(segments);
        (
            Self {
                text: Cow::Owned(out),
                fixed,
                maps: self.maps,
            },
            true,
        )
    }
}

fn segment_at(map: &[Segment], position: usize) -> Option<&Segment> {
    let after = map.partition_point(|segment| segment.at <= position);
    map.get(after.checked_sub(1)?)
}

/// The stretch of `text`, or nothing where `range` is not one.
pub(crate) fn cut(text: &str, range: Range<usize>) -> &str {
    text.get(range).unwrap_or_default()
}

/// What a form writes to: the source is consumed in order, kept or replaced.
pub(crate) struct Writer<'s> {
    source: &'s str,
    at: usize,
    out: String,
    segments: Vec<Segment>,
    changed: bool,
}

impl<'s> Writer<'s> {
    fn new(source: &'s str) -> Self {
        Self {
            source,
            at: 0,
            out: String::new(),
            segments: Vec::new(),
            changed: false,
        }
    }

    /// Copies the next `count` bytes.
    pub(crate) fn keep(&mut self, count: usize) {
        if count == 0 {
            return;
        }
        let to = self.at + count;
        match self.segments.last_mut() {
            Some(last) if last.straight && last.to == self.at => last.to = to,
            _ => self.segments.push(Segment {
                at: self.out.len(),
                from: self.at,
                to,
                straight: true,
            }),
        }
        self.out.push_str(cut(self.source, self.at..to));
        self.at = to;
    }

    /// Puts `with` in place of the next `count` bytes.
    pub(crate) fn put(&mut self, count: usize, with: &str) {
        let to = self.at + count;
        if !with.is_empty() {
            self.segments.push(Segment {
                at: self.out.len(),
                from: self.at,
                to,
                straight: false,
            });
            self.out.push_str(with);
        }
        self.at = to;
        self.changed = true;
    }
}
