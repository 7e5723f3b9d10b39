"""An LSync provider that answers from a directory of real public companies, without a network."""

from lsync_company_directory.provider import CompanyDirectory

__all__ = ["CompanyDirectory"]
