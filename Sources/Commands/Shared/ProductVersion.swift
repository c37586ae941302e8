import BoundaryText

/// The version of the whole product.
enum ProductVersion {
    /// Nothing is released yet.
    static let text = "0.1.0-unreleased"
}
