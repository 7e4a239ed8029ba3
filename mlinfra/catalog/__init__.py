"""Facts about what AWS offers: instance types, prices, regions, images. Data and typed readers, no cdktf."""
