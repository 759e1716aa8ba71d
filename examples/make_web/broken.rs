//! Markup as careless authors leave it. A browser shows every one of these pages whole, so their text must survive.

/// Number of ways in which [`break_markup`] can break a page.
pub const WAYS: usize = 8;

/// `html` with one kind of fault in it, `way` below [`WAYS`].
pub fn break_markup(html: &str, way: usize) -> String {
    match way {
        // Nothing that opens is closed: paragraphs and list items first of all.
        0 => html.replace("</p>", "").replace("</li>", "").replace("</a>\n", "</a>"),
        // Containers left open to the end of the page.
        1 => html.replace("</div>", "").replace("</article>", "").replace("</main>", ""),
        // End tags of things that were never opened, after every paragraph.
        2 => html.replace("</p>\n", "</p></span></td></b></section>\n").replace("</div>\n", "</div></center></i>\n"),
        // The title opens tables in tables, and nobody closes them.
        3 => html.replace("</h1>", "</h1><table><tr><td><table border=0><tr><td>").replace("</h2></div>", "</h2></div><table><tr><td><table><tr><td>"),
        // Styles that overlap instead of nesting.
        4 => html.replace("<p>", "<p><b><i>").replace("</p>", "</b></i></p>").replace("<div class=\"t3\">", "<div class=\"t3\"><b><i>"),
        // Class names without their opening quote, upper case here and there, and the body opened twice.
        5 => html.replace("class=\"", "class=").replace("<p>", "<P>").replace("</h1>", "</H1>\n<body class=x>"),
        // The page stops without a word of farewell.
        6 => html.trim_end().trim_end_matches("</html>").trim_end().trim_end_matches("</body>").replace("</footer>", ""),
        // No document type, no head, no html element, and bare signs in place of entities.
        _ => {
            let from = html.find("<title>").unwrap_or(0);
            html[from..].replace("</head>", "").replace("</html>", "").replace("&amp;", "&").replace("<h1", "<p align=center>&nbsp<h1")
        }
    }
}
