/* The page of a report: one HTML file that needs no other. embed.cmake makes the texts from the files
 * of these names. */
/* SPDX-License-Identifier: MIT */
#pragma once

extern const char report_page_html[], report_page_css[], report_page_js[], report_pictures_js[];
