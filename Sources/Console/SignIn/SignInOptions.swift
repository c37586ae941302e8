import Accounts
import BoundaryText
import Database
import Hummingbird
import WebSupport

/// The ways in beside the password, on the sign-in page.
extension Console {
    /// Buttons for the identity providers of one organization, or the question which one.
    func signInOptions(_ request: Request, _ entries: Entries) async -> [Block] {
        let query = request.uri.fields
        let asked = query["organization"].flatMap { Organization.ID($0) }
        // Without the database no one can sign in; the page still says so in words.
        guard
            let signInOptions = try? await accounts.singleSignOn.signInOptions(
                of: asked ?? cookie.organization(in: request)),
            signInOptions.isHidden || !signInOptions.providers.isEmpty
        else { return [] }
        let or = Block("or", ["text": "or"])
        guard !signInOptions.isHidden else {
            return [or, Self.organizationForm(entries, wasUnknown: query["organization"]?.isEmpty == false)]
        }
        // Two organizations may call their providers the same; the name of the organization says whose it is.
        let suffix = signInOptions.organization.map { " (\($0.name))" } ?? ""
        let links = signInOptions.providers.map {
            [
                "href": Visit.href("/sign-in/with/\($0.id)", ["to": entries["to"] ?? ""]),
                "icon": "shield-lock", "label": "Continue with \($0.name)\(suffix)",
            ] as Model
        }
        return [
            or, Block("links", ["links": links]),
            .text("Super administrators sign in with their password and second factor."),
        ]
    }

    private static func organizationForm(_ entries: Entries, wasUnknown: Bool) -> Block {
        Filters.block(
            "/sign-in",
            [
                Field(
                    "organization", "Organization number", .number,
                    help: wasUnknown
                        ? "No organization with this number has an identity provider."
                        : "For single sign-on. Ask your administrator for it."), Field("to", "", .hidden),
            ], entries: entries, clear: false, submit: "Continue")
    }
}
