import BoundaryText

/// What a note is, and so who sees it.
public enum NoteType: String, Sendable, Codable, CaseIterable {
    /// For colleagues.
    case internalAnalysis = "internal_analysis"
    /// How it was solved. Not for the customer, unless the PSA's own settings show it.
    case resolution
    /// For the customer; called Discussion on screens.
    case description
}

/// Whether time is charged.
public enum BillableOption: String, Sendable, Codable, CaseIterable {
    case billable
    case doNotBill = "do_not_bill"
    case noCharge = "no_charge"
    /// As the PSA's settings have it.
    case noDefault = "no_default"
}
