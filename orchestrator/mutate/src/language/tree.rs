//! Syntax trees. The only file that knows tree-sitter: it copies a parse into a plain arena,
//! so that the rest works on indices and holds no foreign lifetimes.

use std::ops::Range;

/// An index into [`Tree::nodes`]; parents come before their children.
pub(crate) type NodeId = usize;

/// Nesting beyond which a text counts as unparsable, so that recursion stays bounded.
const MAX_DEPTH: usize = 600;

/// One node.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// The grammar's name for it; for keywords and signs the text itself.
    pub kind: &'static str,
    /// The name of its role in the parent, or empty.
    pub field: &'static str,
    /// Whether it is more than a keyword or sign.
    pub named: bool,
    /// First byte and one past the last.
    pub range: Range<usize>,
    /// The parent; the root is its own.
    pub parent: NodeId,
    /// One past the last node below it.
    pub end: NodeId,
}

/// A parsed text.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    /// All nodes in the order of the text.
    pub nodes: Vec<Node>,
    /// Line (from 1) and reason of the first place that does not parse.
    pub error: Option<(usize, String)>,
}

/// A grammar with its names made static, for cheap comparison.
pub(crate) struct Grammar {
    language: tree_sitter::Language,
    kinds: Vec<String>,
    fields: Vec<String>,
}

impl Grammar {
    /// Wraps a grammar crate's language.
    pub(crate) fn new(language: tree_sitter::Language) -> Self {
        let name = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let kinds = 0..u16::try_from(language.node_kind_count()).unwrap_or(u16::MAX);
        let fields = 0..=u16::try_from(language.field_count()).unwrap_or(u16::MAX - 1);
        Self {
            kinds: kinds.map(|id| name(language.node_kind_for_id(id))).collect(),
            fields: fields.map(|id| name(language.field_name_for_id(id))).collect(),
            language,
        }
    }

    fn kind(&'static self, node: &tree_sitter::Node<'_>) -> &'static str {
        self.kinds.get(usize::from(node.kind_id())).map_or("ERROR", String::as_str)
    }

    /// Parses a text. Never fails: what does not parse is told in [`Tree::error`].
    pub(crate) fn parse(&'static self, text: &str) -> Tree {
        let mut parser = tree_sitter::Parser::new();
        let parsed =
            parser.set_language(&self.language).ok().and_then(|()| parser.parse(text, None));
        let Some(parsed) = parsed else {
            let error = Some((1, "the parser cannot be used".to_owned()));
            return Tree { nodes: Vec::new(), error };
        };
        self.copy(&parsed, text)
    }

    fn copy(&'static self, parsed: &tree_sitter::Tree, text: &str) -> Tree {
        let mut nodes: Vec<Node> = Vec::with_capacity(text.len() / 2);
        let mut error = None;
        let mut cursor = parsed.walk();
        let mut path: Vec<NodeId> = Vec::new();
        loop {
            let node = cursor.node();
            if error.is_none() {
                error = fault(&node, text, path.len());
            }
            let field = cursor
                .field_id()
                .map_or("", |id| self.fields.get(usize::from(id.get())).map_or("", String::as_str));
            let id = nodes.len();
            nodes.push(Node {
                kind: self.kind(&node),
                field,
                named: node.is_named(),
                range: node.byte_range(),
                parent: path.last().copied().unwrap_or(id),
                end: id + 1,
            });
            if path.len() < MAX_DEPTH && cursor.goto_first_child() {
                path.push(id);
                continue;
            }
            loop {
                if cursor.goto_next_sibling() {
                    break;
                }
                let Some(parent) = path.pop() else { return Tree { nodes, error } };
                nodes[parent].end = nodes.len();
                cursor.goto_parent();
            }
        }
    }
}

fn fault(node: &tree_sitter::Node<'_>, text: &str, depth: usize) -> Option<(usize, String)> {
    let line = node.start_position().row + 1;
    if depth >= MAX_DEPTH {
        return Some((line, format!("nested more than {MAX_DEPTH} levels deep")));
    }
    if node.is_missing() {
        return Some((line, format!("`{}` is missing", node.kind())));
    }
    if !node.is_error() {
        return None;
    }
    let found = text.get(node.byte_range()).unwrap_or_default();
    let found: String = found.lines().next().unwrap_or_default().chars().take(40).collect();
    Some((line, format!("unexpected `{found}`")))
}

impl Tree {
    /// The children of a node, in order.
    pub(crate) fn children(&self, id: NodeId) -> Children<'_> {
        Children { tree: self, next: id + 1, end: self.nodes.get(id).map_or(0, |node| node.end) }
    }

    /// The child with this role.
    pub(crate) fn field(&self, id: NodeId, field: &str) -> Option<NodeId> {
        self.children(id).find(|child| self.nodes[*child].field == field)
    }

    /// The kind of a node.
    pub(crate) fn kind(&self, id: NodeId) -> &'static str {
        self.nodes[id].kind
    }

    /// The text of a node.
    pub(crate) fn text<'a>(&self, id: NodeId, text: &'a str) -> &'a str {
        text.get(self.nodes[id].range.clone()).unwrap_or_default()
    }

    /// Whether a node has no children.
    pub(crate) fn is_leaf(&self, id: NodeId) -> bool {
        self.nodes[id].end == id + 1
    }

    /// The ancestors of a node, nearest first, the root last.
    pub(crate) fn ancestors(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(Some(id), |id| {
            let parent = self.nodes[*id].parent;
            (parent != *id).then_some(parent)
        })
        .skip(1)
    }
}

/// See [`Tree::children`].
pub(crate) struct Children<'a> {
    tree: &'a Tree,
    next: NodeId,
    end: NodeId,
}

impl Iterator for Children<'_> {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        let id = self.next;
        (id < self.end).then(|| {
            self.next = self.tree.nodes[id].end;
            id
        })
    }
}
